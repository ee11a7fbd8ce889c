"""Blanking what names a person once nothing of theirs is kept; that they consented stays known."""

from django.db import models, transaction
from django.db.models.functions import Cast

from audit import Action, Actor
from audit.trail import record
from consent.models import ConsentRecord, Exclusion, Identity, Storyteller
from uploads import erasure
from uploads.models import Upload


def erase_proof(consent: ConsentRecord, *, by: Actor) -> None:
    """Erase the upload that proves `consent`, unless a record that stands is proved by it too."""
    if ConsentRecord.objects.standing().filter(proof_id=consent.proof_id).exists():
        return
    proof = Upload.objects.filter(pk=consent.proof_id, device__collector=consent.collector_id)
    for upload in proof.filter(programme=consent.storyteller.programme_id):
        erasure.erase(upload, by=by)


def forget(storyteller: Storyteller, *, by: Actor) -> None:
    """Remove name and contact, and blank pseudonym and excluded places.

    Does nothing while a consent of theirs stands. The slip goes on to be known: who uses it again
    hears that all is taken back. Again is no error.
    """
    if not storyteller.pseudonym or storyteller.records.standing().exists():
        return
    with transaction.atomic():
        Identity.objects.filter(storyteller=storyteller).delete()
        # Each place a value of its own, since a grant names none twice.
        Exclusion.objects.filter(grant__record__storyteller=storyteller).forget(
            place=Cast("pk", models.CharField())
        )
        Storyteller.objects.filter(pk=storyteller.pk).update(pseudonym="", declared_digest="")
        record(Action.STORYTELLER_FORGOTTEN, storyteller.audit_subject, by=by)
