"""What a phone declares before a story: the storyteller, the act of consent, the grants."""

import uuid
from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Device, Programme, User
from audit import Action
from audit.trail import record
from common.errors import Problem
from common.replay import declare_once
from consent import slips, vault
from consent.models import (
    ConsentRecord,
    ConsentText,
    Exclusion,
    Grant,
    Identity,
    Storyteller,
)
from consent.permission import place_key


class SlipTaken(Problem):
    status = 409
    code = "slip_taken"
    title = _("This slip code is in use")


def declare_storyteller(
    programme: Programme, *, by: User, pk: uuid.UUID, pseudonym: str, age_band: str, slip_code: str
) -> tuple[Storyteller, bool]:
    """Return the storyteller and whether it is new; see `declare_once` for replays."""
    slip_digest = slips.digest(slip_code)
    if Storyteller.objects.filter(slip_digest=slip_digest).exclude(pk=pk).exists():
        raise SlipTaken(_("Take another slip: this code belongs to another storyteller."))
    content = {
        "by": by.pk,
        "programme": programme.pk,
        "pseudonym": pseudonym,
        "age_band": age_band,
        "slip": slip_digest,
    }

    def make(declared_digest: str) -> Storyteller:
        return Storyteller.objects.create(
            pk=pk,
            programme=programme,
            registered_by=by,
            pseudonym=pseudonym,
            age_band=age_band,
            slip_digest=slip_digest,
            declared_digest=declared_digest,
        )

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
    excluded_places}. A use without a grant is not granted.
    """
    grants = list(grants)
    content = {
        "by": by.collector_id,
        "storyteller": storyteller.pk,
        "text": text.pk,
        "facts": facts,
        "grants": grants,
    }

    def make(declared_digest: str) -> ConsentRecord:
        consent = ConsentRecord.objects.create(
            pk=pk,
            storyteller=storyteller,
            text=text,
            collector=by.collector,
            declared_digest=declared_digest,
            **facts,
        )
        for grant in grants:
            _add_grant(consent, grant)
        record(Action.CONSENT_RECORDED, consent.audit_subject, by=by)
        return consent

    return declare_once(ConsentRecord.objects.all(), pk=pk, content=content, make=make)


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
