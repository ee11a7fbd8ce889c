"""The proof of consent, for the person who must say that it fits the recording."""

from typing import Final

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.callers import person_named
from accounts.models import User
from accounts.roles import REVIEWERS, has_role
from common import media
from common.errors import Forbidden, NotFound
from common.media import Claim, Servable
from moderation.models import Case
from stories.states import GONE
from uploads.models import Upload

KIND: Final = "consent_proof"
USE: Final = "review"
# What a browser shows without running anything; another type is offered as a download.
SHOWN: Final = ("audio/", "video/", "image/jpeg", "image/png")
SUFFIXES: Final = {"image/jpeg": "jpg", "image/png": "png"}


def proof_of(case: Case) -> Upload | None:
    """The verified upload behind the consent of the case's story; None once the story is gone."""
    consent = case.story.consent
    if case.story.status in GONE or not consent.has_proof():
        return None
    return Upload.objects.filter(pk=consent.proof_id).first()


def proof_url(case: Case, *, viewer: User) -> str:
    """A signed path to the proof; role and withdrawal are asked again when it is used."""
    return media.url(KIND, case.pk, use=USE, viewer=viewer.audit_name)


def authorise_proof(claim: Claim) -> Servable:
    """For moderators and coordinators of a story that is present; others get a 404."""
    case, viewer = _case(claim.pk), person_named(claim.viewer)
    if claim.use != USE:
        raise Forbidden
    if not has_role(viewer, case.story.programme, *REVIEWERS):
        raise NotFound
    proof = proof_of(case)
    if proof is None:
        raise NotFound(_("There is no proof to show."))
    return Servable(
        key=proof.content_key,
        content_type=proof.content_type or "application/octet-stream",
        filename=f"consent-{case.story.consent_id}.{SUFFIXES.get(proof.content_type, 'bin')}",
        etag=proof.sha256,
        attachment=not proof.content_type.startswith(SHOWN),
    )


def _case(pk: str) -> Case:
    try:
        return Case.objects.select_related("story__programme", "story__consent__storyteller").get(
            pk=pk
        )
    except (Case.DoesNotExist, ValidationError) as error:
        raise NotFound from error
