"""All that one person may see of a case, and what they may do about it now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.roles import DECIDERS, Role, has_role
from common import languages
from common.errors import Problem
from consent.models import ConsentRecord, Grant
from consent.permission import Permission
from consent.uses import MINORS, AgeBand, Use
from moderation import proofs
from moderation.cards import Card, cards, review_url
from moderation.cases import seen_now
from moderation.claims import refuse_strangers
from moderation.models import Case, Decision
from stories.states import Status
from transcode.cues import Cue, from_json
from transcode.made import not_ready, player_rendition, poster, transcript_of
from transcode.models import RenditionSet, Revision, Transcript


class Step(StrEnum):
    CLAIM = "claim"
    RELEASE = "release"
    APPROVE = "approve"
    CONFIRM = "confirm"
    REQUEST_CHANGES = "request-changes"
    REJECT = "reject"
    TRANSCRIBE = "transcribe"
    PUBLISH = "publish"


@dataclass(frozen=True)
class Footage:
    """What can be played. URLs are empty when there is nothing, or nothing may be shown."""

    media_url: str
    media_type: str
    poster_url: str
    is_sound_only: bool


NOTHING = Footage("", "", "", is_sound_only=False)


@dataclass(frozen=True)
class Answer:
    """One thing the storyteller was asked; conditions only where it is allowed."""

    code: str
    label: str | Promise
    allowed: bool
    not_before: datetime | None = None
    expires_at: datetime | None = None
    excluded_places: Sequence[str] = ()


@dataclass(frozen=True)
class ConsentSummary:
    """What was granted, in the order in which it is asked. `screening` is whether it may be shown
    to a community now, with the reason if not."""

    age_band: str | Promise
    is_minor: bool
    guardian_consented: bool
    child_assented: bool
    language: str | Promise
    recorded_at: datetime
    uses: Sequence[Answer]
    appearances: Sequence[Answer]
    screening: Permission
    has_proof: bool
    proof_url: str
    proof_type: str


@dataclass(frozen=True)
class Dossier:
    """`hurdle` says why the viewer can't decide on an open case now; `pending` why nobody can
    approve it yet."""

    card: Card
    footage: Footage
    revision: Revision | None
    transcript: Transcript | None
    cues: Sequence[Cue]
    consent: ConsentSummary | None
    steps: frozenset[Step]
    hurdle: Problem | None
    pending: Problem | None

    @property
    def case(self) -> Case:
        return self.card.case

    @property
    def needs_person(self) -> bool:
        """Whether there are no words, because the machine can't write them down."""
        outcome = self.transcript.outcome if self.transcript else None
        return self.revision is None and outcome == Transcript.Outcome.NEEDS_PERSON

    @property
    def decisions(self) -> Sequence[Decision]:
        return () if self.card.is_gone else tuple(self.case.decisions.all())


def open_dossier(case: Case, *, viewer: User) -> Dossier:
    """Collect it for a case that came through `cards.with_stories`.

    Of a story that was withdrawn nothing is in it but that it was.
    """
    card = cards([case], viewer=viewer)[0]
    if card.is_gone:
        return Dossier(card, NOTHING, None, None, (), None, frozenset(), None, None)
    made, revision = _version(case)
    hurdle = hurdle_for(case, viewer=viewer) if case.is_open else None
    return Dossier(
        card=card,
        footage=footage_of(made, viewer=viewer),
        revision=revision,
        transcript=transcript_of(case.story),
        cues=from_json(revision.cues) if revision else (),
        consent=_consent(case, viewer=viewer),
        steps=_steps(case, viewer=viewer, hurdle=hurdle),
        hurdle=hurdle,
        pending=not_ready(case.story) if case.is_open else None,
    )


def footage_of(made: RenditionSet | None, *, viewer: User) -> Footage:
    player = player_rendition(made) if made else None
    if made is None or player is None:
        return NOTHING
    return Footage(
        media_url=review_url(player, viewer=viewer),
        media_type=player.content_type,
        poster_url=review_url(poster(made), viewer=viewer),
        is_sound_only=not made.has_video,
    )


def hurdle_for(case: Case, *, viewer: User) -> Problem | None:
    """Why somebody else than `viewer` has to decide, if so."""
    try:
        refuse_strangers(case, by=viewer)
    except Problem as problem:
        return problem
    return None


def _version(case: Case) -> tuple[RenditionSet | None, Revision | None]:
    """What the case is about: the version that was approved, else what there is now."""
    if case.outcome == Case.Outcome.APPROVED:
        return case.rendition_set, case.revision
    return seen_now(case.story)


def _steps(case: Case, *, viewer: User, hurdle: Problem | None) -> frozenset[Step]:
    programme = case.story.programme
    if not case.is_open:
        may_publish = (
            case.story.status == Status.APPROVED and case.pk == case.story.approved_case_id
        )
        is_coordinator = has_role(viewer, programme, Role.COORDINATOR)
        return frozenset({Step.PUBLISH} if may_publish and is_coordinator else ())
    if hurdle or not has_role(viewer, programme, *DECIDERS):
        return frozenset()
    if case.claimed_by_id != viewer.pk:
        return frozenset({Step.CLAIM})
    decisions = {Step.RELEASE, Step.REQUEST_CHANGES, Step.REJECT}
    return frozenset(decisions | _approvals(case, viewer) | _edits(case))


def _approvals(case: Case, viewer: User) -> set[Step]:
    first = case.first_approval
    if first is None:
        return {Step.APPROVE}
    return set() if first.by_id == viewer.pk else {Step.CONFIRM}


def _edits(case: Case) -> set[Step]:
    granted = case.story.may(Use.TRANSCRIPTION, at=timezone.now())
    return {Step.TRANSCRIBE} if granted else set()


def _consent(case: Case, *, viewer: User) -> ConsentSummary:
    consent = case.story.consent
    band = AgeBand(consent.storyteller.age_band)
    proof = proofs.proof_of(case)
    return ConsentSummary(
        age_band=band.label,
        is_minor=band in MINORS,
        guardian_consented=consent.guardian_consented,
        child_assented=consent.child_assented,
        language=languages.name(consent.spoken_language),
        recorded_at=consent.recorded_at,
        uses=_uses(consent),
        appearances=_appearances(consent),
        screening=case.story.may(Use.COMMUNITY_SCREENING, at=timezone.now()),
        has_proof=proof is not None,
        proof_url=proofs.proof_url(case, viewer=viewer) if proof else "",
        proof_type=proof.content_type if proof else "",
    )


def _uses(consent: ConsentRecord) -> list[Answer]:
    grants = {grant.use: grant for grant in consent.grants.prefetch_related("exclusions")}
    return [_answer(use, grants.get(use.value)) for use in Use]


def _answer(use: Use, grant: Grant | None) -> Answer:
    if grant is None or not grant.allowed:
        return Answer(use.value, use.label, allowed=False)
    return Answer(
        use.value,
        use.label,
        allowed=True,
        not_before=grant.not_before,
        expires_at=grant.expires_at,
        excluded_places=[exclusion.place for exclusion in grant.exclusions.all()],
    )


def _appearances(consent: ConsentRecord) -> list[Answer]:
    return [
        Answer("face", _("Show the face"), consent.may_show_face),
        Answer("voice", _("Use the voice"), consent.may_use_voice),
        Answer("name", _("Say the name"), consent.may_say_name),
        Answer("village", _("Name the village"), consent.may_name_village),
        Answer("route", _("Tell the route"), consent.may_tell_route),
    ]
