"""The decisions on a story: two people approve what both have seen, or one sends it back.

Every function locks the story, then the case, and checks again what the page said: a withdrawal,
a colleague or a new transcript may have come first. Each step leaves an audit entry on the story.
"""

import unicodedata
from collections.abc import Collection
from typing import Any, Final

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import PublishPolicy, User
from audit import SYSTEM, Action, Actor
from audit.trail import record
from common.errors import Conflict, Forbidden, Problem
from consent.uses import Use
from moderation.checklist import CODES, missing_from
from moderation.claims import drop_claim, require_claim
from moderation.locks import locked
from moderation.models import Case, Decision, Verdict
from stories.models import ConsentMissing, Story
from transcode.made import latest_set, not_ready, transcript_of
from transcode.models import RenditionSet, Revision

MOST_REASON_CHARS: Final = 2000


class ReasonMissing(Problem):
    code = "reason_missing"
    title = _("A reason is needed")


class ReasonInvalid(Problem):
    code = "reason_invalid"
    title = _("This reason can't be kept")


class ChecklistUnknown(Problem):
    code = "checklist_unknown"
    title = _("The checklist has no such point")


class ChecklistIncomplete(Problem):
    code = "checklist_incomplete"
    title = _("The checklist is not complete")


class ApprovedAlready(Conflict):
    code = "first_approval_exists"
    title = _("The first approval is already there")


class NotYetApproved(Conflict):
    code = "first_approval_missing"
    title = _("There is no first approval to confirm")


class SamePerson(Forbidden):
    code = "second_person_needed"
    title = _("A second person must confirm")


class CaseOutdated(Conflict):
    code = "case_outdated"
    title = _("The story changed after the first approval")


def approve(case: Case, *, by: User, checklist: Collection[str]) -> Case:
    """Give the first approval, and note which renditions and transcript it saw.

    The story stays in review and the case is free for the second person. Again by the same person
    changes nothing. Raises the Problem that says why it can't be approved yet, or by `by`.
    """
    with locked(case) as held:
        if _is_repeated(held, Verdict.APPROVE, by=by):
            return held
        require_claim(held, by=by)
        if held.first_approval:
            raise ApprovedAlready(_("Reload the page, look at the story, and confirm it."))
        _require_grounds(held.story, checklist)
        held.rendition_set, held.revision = seen_now(held.story)
        drop_claim(held)
        held.save(update_fields=["rendition_set", "revision", "claimed_by", "claimed_at"])
        _decide(held, Verdict.APPROVE, by=by, checklist=checklist)
    return held


def confirm(case: Case, *, by: User, checklist: Collection[str]) -> Case:
    """Approve as the second person; publish at once where that is the programme's policy.

    Raises `CaseOutdated` when the story is not what the first approval saw: that one is void then,
    and the story has a new case.
    """
    with locked(case) as held:
        if _is_repeated(held, Verdict.CONFIRM, by=by):
            return held
        require_claim(held, by=by)
        first = _first_approval_by_another(held, by=by)
        successor = replace_if_outdated(held)
        if successor is None:
            _require_grounds(held.story, checklist)
            _confirm(held, first.by, by=by, checklist=checklist)
    # Raised outside the transaction, so that the voided approval stays void.
    if successor:
        raise CaseOutdated(
            _("Look at the new version; two approve it anew."), case=str(successor.pk)
        )
    return held


def request_changes(case: Case, *, by: User, reason: str) -> Case:
    """Send the story back to its collector, who reads the reason."""
    return _refuse(case, Verdict.REQUEST_CHANGES, by=by, reason=reason)


def reject(case: Case, *, by: User, reason: str) -> Case:
    """End the story's way for good; its collector reads the reason."""
    return _refuse(case, Verdict.REJECT, by=by, reason=reason)


def seen_now(story: Story) -> tuple[RenditionSet | None, Revision | None]:
    """What who opens the story now looks at: its newest renditions and transcript."""
    transcript = transcript_of(story)
    return latest_set(story), transcript.latest if transcript else None


def open_case(story: Story, *, by: Actor) -> Case:
    """The story's open case, made if there is none; the story must be locked."""
    case, is_new = Case.objects.get_or_create(story=story, closed_at=None)
    if is_new:
        record(Action.CASE_OPENED, story.audit_subject, by=by, case=str(case.pk))
    return case


def close_case(case: Case, outcome: Case.Outcome, *, by: Actor) -> None:
    """End a case whose row is locked."""
    drop_claim(case)
    case.closed_at, case.outcome = timezone.now(), outcome
    case.save(update_fields=["closed_at", "outcome", "claimed_by", "claimed_at"])
    record(
        Action.CASE_CLOSED,
        case.story.audit_subject,
        by=by,
        case=str(case.pk),
        outcome=outcome.value,
    )


def replace_if_outdated(case: Case, *, by: Actor = SYSTEM) -> Case | None:
    """Void a first approval of something older than the story is now; the case must be locked.

    Decisions are never taken back, so the case is closed and a new one returned.
    """
    if not case.is_open or case.first_approval is None:
        return None
    if seen_now(case.story) == (case.rendition_set, case.revision):
        return None
    close_case(case, Case.Outcome.OUTDATED, by=by)
    return open_case(case.story, by=by)


def _confirm(case: Case, first: User, *, by: User, checklist: Collection[str]) -> None:
    story = case.story
    _decide(case, Verdict.CONFIRM, by=by, checklist=checklist)
    story.approve(by=by, first=first, case_id=case.pk)
    case.refresh_from_db()
    if story.programme.publish_policy == PublishPolicy.ON_APPROVAL:
        story.publish(by=by)


def _refuse(case: Case, verdict: Verdict, *, by: User, reason: str) -> Case:
    reason = _fit(reason)
    with locked(case) as held:
        if _is_repeated(held, verdict, by=by):
            return held
        require_claim(held, by=by)
        _decide(held, verdict, by=by, reason=reason)
        move = held.story.reject if verdict == Verdict.REJECT else held.story.request_changes
        move(by=by, note=reason)
    held.refresh_from_db()
    return held


def _fit(reason: str) -> str:
    """The reason with plain line ends; raises `ReasonMissing` or `ReasonInvalid`."""
    # A browser counts a line's end as one character and sends two.
    plain = reason.replace("\r\n", "\n").strip()
    if not plain:
        raise ReasonMissing(_("Write what has to change, or why it can't be shown."))
    if len(plain) > MOST_REASON_CHARS:
        raise ReasonInvalid(_("Write 2000 characters at most."))
    if any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in plain):
        raise ReasonInvalid(_("There are signs in it that can't be read. Write it anew."))
    return plain


def _is_repeated(case: Case, verdict: Verdict, *, by: User) -> bool:
    """A double click, or a retry after a lost answer, is answered with what it did at first."""
    return case.decisions.filter(verdict=verdict, by=by).exists()


def _first_approval_by_another(case: Case, *, by: User) -> Decision:
    first = case.first_approval
    if first is None:
        raise NotYetApproved(_("Approve it first; then another person confirms."))
    if first.by_id == by.pk:
        raise SamePerson(_("You gave the first approval. Somebody else has to look at it too."))
    return first


def _require_grounds(story: Story, checklist: Collection[str]) -> None:
    """Raise what stands against an approval: consent, unfinished media, an open point."""
    permission = story.may(Use.COMMUNITY_SCREENING, at=timezone.now())
    if not permission:
        raise ConsentMissing(permission)
    if problem := not_ready(story):
        raise problem
    if set(checklist) - CODES:
        raise ChecklistUnknown(_("Reload the page and tick what you have checked."))
    if missing := missing_from(checklist):
        raise ChecklistIncomplete(
            _("Tick what you have checked; what you can't tick is a reason to ask for changes."),
            missing=[item.code for item in missing],
        )


_ACTIONS = {
    Verdict.APPROVE: Action.CASE_FIRST_APPROVAL,
    Verdict.CONFIRM: Action.CASE_CONFIRMED,
    Verdict.REQUEST_CHANGES: Action.CASE_CHANGES_REQUESTED,
    Verdict.REJECT: Action.CASE_REJECTED,
}


def _decide(
    case: Case, verdict: Verdict, *, by: User, reason: str = "", checklist: Collection[str] = ()
) -> None:
    Decision.objects.create(
        case=case, by=by, verdict=verdict, reason=reason, checklist=sorted(set(checklist))
    )
    facts: dict[str, Any] = {"case": str(case.pk)}
    if verdict in (Verdict.APPROVE, Verdict.CONFIRM):
        facts["rendition_set"] = str(case.rendition_set_id)
        facts["revision"] = str(case.revision_id) if case.revision_id else None
    record(_ACTIONS[verdict], case.story.audit_subject, by=by, **facts)
