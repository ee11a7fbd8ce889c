"""Who is at a case: one person at a time, so that nobody must hear a story for nothing."""

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import Action
from audit.trail import record
from common.errors import Conflict, Forbidden, Text
from moderation.locks import locked
from moderation.models import Case


class CaseClosed(Conflict):
    code = "case_closed"
    title = _("This case is already decided")

    def __init__(self, case: Case) -> None:
        super().__init__(_how_it_closed(case), outcome=case.outcome)


class CaseClaimed(Conflict):
    code = "case_claimed"
    title = _("Somebody else is at this case")

    def __init__(self, case: Case, holder: User) -> None:
        since = timezone.localtime(case.claimed_at)
        super().__init__(
            _("%(name)s has had it since %(time)s. Take another case, or ask them to release it.")
            % {"name": holder.display_name, "time": date_format(since, "H:i")},
            claimed_by=holder.display_name,
            claimed_since=since.isoformat(),
        )


class CaseNotClaimed(Conflict):
    code = "case_not_claimed"
    title = _("Claim the case first")


class OwnStory(Forbidden):
    code = "own_story"
    title = _("You collected this story")


def claim(case: Case, *, by: User) -> Case:
    """Take the case, or stay at it: claiming one's own case again renews the claim.

    A claim that was idle for `CLAIM_IDLE` may be taken over. Raises `CaseClosed`, `CaseClaimed`
    (who and since when) or `OwnStory`.
    """
    with locked(case) as held:
        refuse_strangers(held, by=by)
        is_new = held.holder(at=timezone.now()) is None
        held.claimed_by, held.claimed_at = by, timezone.now()
        held.save(update_fields=["claimed_by", "claimed_at"])
        if is_new:
            record(Action.CASE_CLAIMED, held.story.audit_subject, by=by, case=str(held.pk))
    return held


def release(case: Case, *, by: User) -> Case:
    """Leave the case to others. One that is not held by `by` stays as it is."""
    with locked(case) as held:
        if held.claimed_by_id == by.pk:
            drop_claim(held)
            held.save(update_fields=["claimed_by", "claimed_at"])
            record(Action.CASE_RELEASED, held.story.audit_subject, by=by, case=str(held.pk))
    return held


def drop_claim(case: Case) -> None:
    case.claimed_by = case.claimed_at = None


def refuse_strangers(case: Case, *, by: User) -> None:
    """Raise unless the case is open, not the collector's own, and in nobody else's hands."""
    if not case.is_open:
        raise CaseClosed(case)
    if case.story.collector_id == by.pk:
        raise OwnStory(_("Leave it to somebody who hears it for the first time."))
    holder = case.holder(at=timezone.now())
    if holder and holder != by:
        raise CaseClaimed(case, holder)


def require_claim(case: Case, *, by: User) -> None:
    """Raise unless `by` may decide now. An idle claim that nobody took over still counts."""
    refuse_strangers(case, by=by)
    if case.claimed_by_id != by.pk:
        raise CaseNotClaimed(_("Then others see that you are at it, and decide on other cases."))


def _how_it_closed(case: Case) -> Text:
    if case.outcome == Case.Outcome.WITHDRAWN:
        return _("The storyteller withdrew. Nothing of the story may be shown or decided.")
    if case.outcome == Case.Outcome.OUTDATED:
        return _("The story has a newer version, with a case of its own.")
    decision = case.final_decision
    if decision is None:
        return _("Reload the page to see how it ended.")
    return _("%(name)s decided at %(time)s: %(verdict)s.") % {
        "name": decision.by.display_name,
        "time": date_format(timezone.localtime(decision.decided_at), "H:i"),
        "verdict": Case.Outcome(case.outcome).label,
    }
