"""Whose a file is that a phone names, and as what: said once, and known after an erasure too."""

import uuid

from django.utils.translation import gettext_lazy as _

from common.errors import Conflict
from consent.models import Belonging, Storyteller

Purpose = Belonging.Purpose
TAKEN_BACK = _("Its storyteller took it back. Delete it from the phone.")


class ProofTaken(Conflict):
    code = "proof_taken"
    title = _("This file cannot be the proof")


class UploadTaken(Conflict):
    code = "upload_taken"
    title = _("This file cannot be the recording")


def claim_proof(upload_id: uuid.UUID, *, storyteller: Storyteller, sha256: str) -> None:
    """Name the upload as a proof of the storyteller's; again for the same is no error.

    Raises `ProofTaken` when it is another storyteller's, a recording or declared with another
    hash; or when someone of the programme took a file with this hash back.
    """
    if _was_taken_back(sha256, storyteller=storyteller):
        raise ProofTaken(TAKEN_BACK)
    belonging, _new = _claim(upload_id, Purpose.PROOF, storyteller=storyteller, sha256=sha256)
    said = (belonging.storyteller_id, belonging.purpose, belonging.sha256)
    if said != (storyteller.pk, Purpose.PROOF, sha256):
        raise ProofTaken(_("Record the proof with this storyteller and send it as a new upload."))


def claim_recording(upload_id: uuid.UUID, *, storyteller: Storyteller, sha256: str) -> None:
    """Name the upload as the recording of one story.

    Raises `UploadTaken` when it was named before, for whatever; or when someone of the programme
    took a file with this hash back.
    """
    if _was_taken_back(sha256, storyteller=storyteller):
        raise UploadTaken(TAKEN_BACK)
    _row, new = _claim(upload_id, Purpose.RECORDING, storyteller=storyteller, sha256=sha256)
    if not new:
        raise UploadTaken(_("Send each story's recording as an upload of its own."))


def _was_taken_back(sha256: str, *, storyteller: Storyteller) -> bool:
    same = Belonging.objects.filter(sha256=sha256)
    theirs = same.filter(storyteller__programme=storyteller.programme_id)
    return theirs.exclude(storyteller__withdrawal=None).exists()


def _claim(
    upload_id: uuid.UUID, purpose: Purpose, *, storyteller: Storyteller, sha256: str
) -> tuple[Belonging, bool]:
    # The row's key decides it, also between phones that name one upload at once.
    facts = {"storyteller": storyteller, "purpose": purpose, "sha256": sha256}
    return Belonging.objects.get_or_create(upload_id=upload_id, defaults=facts)
