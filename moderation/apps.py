from django.apps import AppConfig
from django.db.models.signals import post_save
from django.utils.translation import gettext_lazy as _


class ModerationConfig(AppConfig):
    name = "moderation"

    def ready(self) -> None:
        # Models exist only from here on.
        from accounts import places
        from accounts.roles import REVIEWERS
        from common import media
        from moderation import proofs, receivers
        from stories.signals import moved
        from transcode.models import RenditionSet, Revision

        moved.connect(receivers.follow_story, dispatch_uid="moderation.follow_story")
        for made in (RenditionSet, Revision):
            post_save.connect(
                receivers.void_outdated_approval,
                sender=made,
                dispatch_uid=f"moderation.void_outdated_approval.{made.__name__}",
            )
        post_save.connect(
            receivers.reopen_revised_story,
            sender=Revision,
            dispatch_uid="moderation.reopen_revised_story",
        )
        media.register(proofs.KIND, proofs.authorise_proof)
        places.register(places.Place("moderation:queue", _("Review"), REVIEWERS, order=2))
