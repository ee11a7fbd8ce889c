from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class StoriesConfig(AppConfig):
    name = "stories"

    def ready(self) -> None:
        from accounts import places
        from accounts.roles import Role
        from common import media
        from consent.signals import withdrawn
        from stories.intake import follow_failed_upload
        from stories.originals import authorise_original
        from stories.withdrawal import withdraw_stories
        from uploads.signals import failed

        withdrawn.connect(withdraw_stories, dispatch_uid="stories.withdraw_stories")
        failed.connect(follow_failed_upload, dispatch_uid="stories.follow_failed_upload")
        media.register("original", authorise_original)
        places.register(places.Place("stories:list", _("Stories"), (Role.COORDINATOR,), order=1))
