"""The one answer to "may this be used?"; `models.py` holds its twin for querysets."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent.uses import MINORS, Use

if TYPE_CHECKING:
    from consent.models import ConsentRecord


@dataclass(frozen=True)
class Permission:
    """`code` is stable and empty when allowed; `reason` is a sentence for people."""

    allowed: bool
    code: str = ""
    reason: str | Promise = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Permission(True)
WITHDRAWN = Permission(False, "consent_withdrawn", _("The storyteller withdrew."))
NO_PROOF = Permission(
    False, "consent_proof_missing", _("The proof of consent has not arrived or is not verified.")
)
NO_GUARDIAN = Permission(
    False,
    "consent_guardian_missing",
    _("A minor needs a guardian's consent and their own assent; both must be recorded."),
)
NOT_GRANTED = Permission(
    False, "consent_missing", _("This use was not granted; ask the collector to record it.")
)
EMBARGOED = Permission(False, "consent_embargoed", _("This use is granted from a later date."))
EXPIRED = Permission(False, "consent_expired", _("The time for which this was granted is over."))
EXCLUDED_PLACE = Permission(
    False, "consent_place_excluded", _("The storyteller asked that it not be shown in this place.")
)


def place_key(place: str) -> str:
    """Return the form in which places are compared: NFC, no case, single spaces."""
    return " ".join(unicodedata.normalize("NFC", place).casefold().split())


def may(use: Use, record: "ConsentRecord", *, at: datetime, place: str | None = None) -> Permission:
    """Return whether `record` permits `use` at the time `at`, shown in `place`.

    A withdrawal denies at every time, past ones too. Without a `place` the places that the
    storyteller excluded are not asked: whoever shows a story must name the place.
    Equal to `ConsentRecord.objects.permitting` for every record (a property test holds them so).
    """
    if record.withdrawals.exists():
        return WITHDRAWN
    if not record.has_proof():
        return NO_PROOF
    if record.storyteller.age_band in MINORS and not (
        record.guardian_consented and record.child_assented
    ):
        return NO_GUARDIAN
    return _granted(use, record, at=at, place=place)


def _granted(use: Use, record: "ConsentRecord", *, at: datetime, place: str | None) -> Permission:
    grant = record.grants.filter(use=use, allowed=True).first()
    if grant is None:
        return NOT_GRANTED
    if grant.not_before and at < grant.not_before:
        return EMBARGOED
    if grant.expires_at and at >= grant.expires_at:
        return EXPIRED
    if place and grant.exclusions.filter(place=place_key(place)).exists():
        return EXCLUDED_PLACE
    return ALLOWED
