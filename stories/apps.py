from django.apps import AppConfig


class StoriesConfig(AppConfig):
    name = "stories"

    def ready(self) -> None:
        from common import media
        from consent.signals import withdrawn
        from stories.originals import authorise_original
        from stories.withdrawal import withdraw_stories

        withdrawn.connect(withdraw_stories, dispatch_uid="stories.withdraw_stories")
        media.register("original", authorise_original)
