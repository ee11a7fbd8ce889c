"""What a phone declares before a story: the storyteller, the act of consent, the grants."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Device, Programme, User
from audit import Action
from audit.trail import record
from common.errors import Conflict, NotFound, Problem
from common.replay import declare_once
from consent import belongings, slips, vault, withdrawal
from consent.models import ConsentRecord, ConsentText, Exclusion, Grant, Identity, Storyteller
from consent.permission import place_key


class SlipTaken(Conflict):
    code = "slip_taken"
    title = _("This slip code is in use")


class UseNotAsked(Problem):
    code = "use_not_asked"
    title = _("The consent text does not ask for this use")


class StorytellerUnknown(NotFound):
    code = "storyteller_unknown"
    title = _("This storyteller is not known here")


class ConsentTextUnknown(NotFound):
    code = "consent_text_unknown"
    title = _("This consent text is not known here")


class ConsentUnknown(NotFound):
    code = "consent_unknown"
    title = _("This consent is not known here")


def storyteller_of(device: Device, pk: uuid.UUID) -> Storyteller:
    """The storyteller that this collector declared; raises `StorytellerUnknown` for all others."""
    own = Storyteller.objects.filter(programme=device.programme, registered_by=device.collector)
    if found := own.filter(pk=pk).first():
        return found
    raise StorytellerUnknown(_("Declare the storyteller first, then send this."), id=str(pk))


def text_of(device: Device, pk: int) -> ConsentText:
    """The programme's text; raises `ConsentTextUnknown`, also for other programmes' texts."""
    if found := ConsentText.objects.filter(pk=pk, programme=device.programme).first():
        return found
    raise ConsentTextUnknown(
        _("Fetch the consent texts anew and name the one that was read."), id=pk
    )


def consent_of(device: Device, pk: uuid.UUID) -> ConsentRecord:
    """The consent that this collector recorded; raises `ConsentUnknown` for all others."""
    own = ConsentRecord.objects.filter(
        collector=device.collector, storyteller__programme=device.programme
    )
    if found := own.filter(pk=pk).first():
        return found
    raise ConsentUnknown(_("Record the consent first, then send this."), id=str(pk))


def declare_storyteller(
    programme: Programme, *, by: User, pk: uuid.UUID, pseudonym: str, age_band: str, slip_code: str
) -> tuple[Storyteller, bool]:
    """Return the storyteller and whether it is new; see `declare_once` for replays.

    Raises `SlipTaken` when the code is another storyteller's, also when both come at once.
    """
    facts = {
        "programme": programme,
        "registered_by": by,
        "pseudonym": pseudonym,
        "age_band": age_band,
        "slip_digest": slips.digest(slip_code),
    }
    content = {
        "by": by.pk,
        "programme": programme.pk,
        "pseudonym": pseudonym,
        "age_band": age_band,
        "slip": facts["slip_digest"],
    }

    def make(declared_digest: str) -> Storyteller:
        try:
            with transaction.atomic():
                return Storyteller.objects.create(pk=pk, declared_digest=declared_digest, **facts)
        except IntegrityError as error:
            if Storyteller.objects.filter(slip_digest=facts["slip_digest"]).exclude(pk=pk).exists():
                raise SlipTaken(
                    _("Take another slip: this code belongs to another storyteller.")
                ) from error
            raise

    return declare_once(Storyteller.objects.all(), pk=pk, content=content, make=make)


def write_identity(storyteller: Storyteller, *, by: User, name: str, contact: str) -> Identity:
    """Seal and keep name and contact, replacing what was there; audited without the texts."""
    with transaction.atomic():
        identity, _created = Identity.objects.update_or_create(
            storyteller=storyteller,
            defaults={"name_sealed": vault.seal(name), "contact_sealed": vault.seal(contact)},
        )
        record(Action.IDENTITY_WRITTEN, storyteller.audit_subject, by=by)
    return identity


def record_consent(
    storyteller: Storyteller,
    *,
    by: Device,
    pk: uuid.UUID,
    text: ConsentText,
    facts: Mapping[str, Any],
    grants: Iterable[Mapping[str, Any]],
) -> tuple[ConsentRecord, bool]:
    """Return the record and whether it is new; see `declare_once` for replays.

    `facts` are the record's own fields; each grant is {use, allowed, not_before, expires_at,
    excluded_places}. A use without a grant is not granted. Raises `UseNotAsked` or `ProofTaken`;
    `ConsentWithdrawn` after a withdrawal, whatever the date of the record, also of one in flight.
    """
    answers = list(grants)
    content = {
        "by": by.collector_id,
        "storyteller": storyteller.pk,
        "text": text.pk,
        "facts": facts,
        "grants": answers,
    }

    def make(declared_digest: str) -> ConsentRecord:
        withdrawal.hold_standing(storyteller)
        _check_asked(text, answers)
        belongings.claim_proof(
            facts["proof_id"], storyteller=storyteller, sha256=facts["proof_sha256"]
        )
        who = {"storyteller": storyteller, "text": text, "collector": by.collector}
        consent = ConsentRecord(pk=pk, declared_digest=declared_digest, **who, **facts)
        _add(consent, answers, by=by)
        return consent

    return declare_once(ConsentRecord.objects.all(), pk=pk, content=content, make=make)


def _check_asked(text: ConsentText, grants: Iterable[Mapping[str, Any]]) -> None:
    """Nobody can have agreed to what was not read to them."""
    granted = {str(grant["use"]) for grant in grants if grant["allowed"]}
    if unasked := sorted(granted.difference(text.uses)):
        raise UseNotAsked(_("Read out a text that asks for it, and record that."), uses=unasked)


def _add(consent: ConsentRecord, grants: Iterable[Mapping[str, Any]], *, by: Device) -> None:
    consent.save(force_insert=True)
    for grant in grants:
        _add_grant(consent, grant)
    record(Action.CONSENT_RECORDED, consent.audit_subject, by=by)


def _add_grant(consent: ConsentRecord, facts: Mapping[str, Any]) -> None:
    grant = Grant.objects.create(
        record=consent,
        use=facts["use"],
        allowed=facts["allowed"],
        not_before=facts.get("not_before"),
        expires_at=facts.get("expires_at"),
    )
    for place in sorted({place_key(name) for name in facts.get("excluded_places", [])}):
        Exclusion.objects.create(grant=grant, place=place)
