"""The one answer to "may this be used?"; `models.py` holds its twin for querysets."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consent.uses import MINORS, Use

if TYPE_CHECKING:
    from consent.models import ConsentRecord, Grant

# The longest key of a place that is kept.
PLACE_CHARS: Final = 120


@dataclass(frozen=True)
class Permission:
    """`code` is stable and empty when allowed; `reason` is a sentence for people."""

    allowed: bool
    code: str = ""
    reason: str | Promise = ""

    def __bool__(self) -> bool:
        return self.allowed


ALLOWED = Permission(True)
WITHDRAWN = Permission(
    False,
    "consent_withdrawn",
    _("The storyteller withdrew. Show it no more and delete every copy, on the phone too."),
)
NO_PROOF = Permission(
    False,
    "consent_proof_missing",
    _(
        "The proof of consent has not arrived or is not verified. Send it from the phone that "
        "recorded it."
    ),
)
NO_GUARDIAN = Permission(
    False,
    "consent_guardian_missing",
    _(
        "A minor needs a guardian's consent and their own assent. Ask for what is missing and "
        "record a new consent."
    ),
)
NOTHING_GRANTED = Permission(
    False,
    "consent_missing",
    _("The storyteller granted no use at all. Send nothing; ask again and record a new consent."),
)
NOT_GRANTED = Permission(
    False, "consent_missing", _("This use was not granted; ask the collector to record it.")
)
EMBARGOED = Permission(
    False, "consent_embargoed", _("This use is granted from a later date. Wait until then.")
)
EXPIRED = Permission(
    False,
    "consent_expired",
    _("The time for which this was granted is over. Ask again and record a new consent."),
)
EXCLUDED_PLACE = Permission(
    False,
    "consent_place_excluded",
    _("The storyteller asked that it not be shown in this place. Leave it out here."),
)


def place_key(place: str) -> str:
    """Return the form in which places are kept: their words without case, accents or punctuation.

    Empty when there is no letter and no digit in it. The key of a key is the key itself.
    """
    folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", place).casefold())
    return " ".join("".join(map(_plain, folded)).split())


def _plain(char: str) -> str:
    category = unicodedata.category(char)
    # Accents and what can't be seen (zero-width spaces, directions) are no part of a word.
    if category.startswith("M") or category == "Cf":
        return ""
    # A modifier letter is an apostrophe in most spellings here.
    return char if category[0] in "LN" and category != "Lm" else " "


def runs(place: str) -> set[str]:
    """Return every run of words in `place`, each without its spaces.

    A place that was excluded is found in "Mairie de Thiès" as a run of its words, and whether it
    was written "Saint-Louis" or "Saintlouis" makes no difference.
    """
    words = place_key(place).split()
    return {run for first in range(len(words)) for run in _runs_from(words[first:])}


def _runs_from(words: list[str]) -> Iterator[str]:
    for run in accumulate(words):
        if len(run) > PLACE_CHARS:
            return
        yield run


def may(use: Use, record: "ConsentRecord", *, at: datetime, place: str | None = None) -> Permission:
    """Return whether `record` permits `use` at the time `at`, shown in `place`.

    A withdrawal denies at every time, past ones too. Without a `place` the places that the
    storyteller excluded are not asked: whoever shows a story must name the place. A place without
    a letter or digit names none, so any exclusion refuses it.
    Equal to `ConsentRecord.objects.permitting` for every record (a property test holds them so).
    """
    ground = _ground(record)
    return _granted(use, record, at=at, place=place) if ground else ground


def may_be_kept(record: "ConsentRecord") -> Permission:
    """Return whether `record` stands and grants any use at all, at whatever time.

    What a story needs to be sent: an embargo is no reason to leave it on a phone.
    """
    ground = _ground(record)
    if ground and not record.grants.filter(allowed=True).exists():
        return NOTHING_GRANTED
    return ground


def _ground(record: "ConsentRecord") -> Permission:
    """What every use stands on."""
    if record.storyteller.has_withdrawn():
        return WITHDRAWN
    if not record.has_proof():
        return NO_PROOF
    if record.storyteller.age_band in MINORS and not (
        record.guardian_consented and record.child_assented
    ):
        return NO_GUARDIAN
    return ALLOWED


def _granted(use: Use, record: "ConsentRecord", *, at: datetime, place: str | None) -> Permission:
    grant = record.grants.filter(use=use, allowed=True).first()
    if grant is None:
        return NOT_GRANTED
    if grant.not_before and at < grant.not_before:
        return EMBARGOED
    if grant.expires_at and at >= grant.expires_at:
        return EXPIRED
    if place is not None and _is_excluded(place, grant):
        return EXCLUDED_PLACE
    return ALLOWED


def _is_excluded(place: str, grant: "Grant") -> bool:
    found = runs(place)
    excluded = grant.exclusions.values_list("place", flat=True)
    return any(not found or key.replace(" ", "") in found for key in excluded)
