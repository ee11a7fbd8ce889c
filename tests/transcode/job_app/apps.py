from django.apps import AppConfig


class JobAppConfig(AppConfig):
    name = "tests.transcode.job_app"
    label = "job_app"

    def ready(self) -> None:
        # Models can't be imported before every app is there.
        from tests.transcode.job_app import naps

        naps.register_kinds()
