from django.apps import AppConfig


class ScreeningsConfig(AppConfig):
    name = "screenings"

    def ready(self) -> None:
        # Models exist only from here on.
        from common import media
        from screenings import building, packages
        from stories.signals import moved
        from transcode import jobs

        jobs.register(
            building.KIND, queue=jobs.Queue.LIGHT, handler=building.build, on_failed=building.fail
        )
        jobs.every_sweep(packages.erase_leftovers)
        media.register(packages.MEDIA_KIND, packages.authorise_download)
        moved.connect(packages.recall, dispatch_uid="screenings.recall")
