"""Cases: one look of people at one version of a story, and what each of them decided."""

import uuid
from datetime import datetime, timedelta
from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme, User
from audit.append_only import AppendOnlyModel
from stories.models import Story
from transcode.models import RenditionSet, Revision

CLAIM_IDLE: Final = timedelta(minutes=30)


class Verdict(models.TextChoices):
    APPROVE = "approve", _("First approval")
    CONFIRM = "confirm", _("Approval confirmed")
    REQUEST_CHANGES = "request_changes", _("Changes asked for")
    REJECT = "reject", _("Rejected")


# After one of these nothing more is decided on the case.
FINAL = (Verdict.CONFIRM, Verdict.REQUEST_CHANGES, Verdict.REJECT)
NEEDS_REASON = (Verdict.REQUEST_CHANGES, Verdict.REJECT)


class CaseQuerySet(models.QuerySet["Case"]):
    def of_programmes(self, programmes: models.QuerySet[Programme]) -> "CaseQuerySet":
        return self.filter(story__programme__in=programmes)

    def open(self) -> "CaseQuerySet":
        return self.filter(closed_at=None)

    def closed(self) -> "CaseQuerySet":
        return self.exclude(closed_at=None)

    def claimed_by(self, user: User, *, at: datetime) -> "CaseQuerySet":
        """Cases that are the user's to decide: claimed, and not left idle for too long."""
        return self.filter(claimed_by=user, claimed_at__gt=at - CLAIM_IDLE)


class Case(models.Model):
    """Opened whenever a story enters review. Another version of the story is another case.

    `rendition_set` and `revision` are what the first approval saw; the confirmation must see the
    same, and what is published is exactly that.
    """

    class Outcome(models.TextChoices):
        APPROVED = "approved", _("Approved")
        CHANGES_REQUESTED = "changes_requested", _("Changes asked for")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")
        OUTDATED = "outdated", _("Overtaken by a newer version")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    story = models.ForeignKey(Story, models.CASCADE, related_name="cases")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=20, choices=Outcome, blank=True)
    claimed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    claimed_at = models.DateTimeField(null=True, help_text="When its holder was last seen at it.")
    # RESTRICT: what was approved can't be tidied away, but goes when the whole story goes.
    rendition_set = models.ForeignKey(
        RenditionSet, models.RESTRICT, null=True, related_name="approving_cases"
    )
    revision = models.ForeignKey(
        Revision, models.RESTRICT, null=True, related_name="approving_cases"
    )

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["closed_at", "opened_at"], name="case_waiting")]
        constraints = [
            models.UniqueConstraint(
                fields=["story"], condition=Q(closed_at=None), name="case_open_once_a_story"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="")
                | (Q(closed_at__isnull=False) & ~Q(outcome="")),
                name="case_closed_with_an_outcome",
            ),
            models.CheckConstraint(
                condition=Q(claimed_by=None, claimed_at=None)
                | Q(claimed_by__isnull=False, claimed_at__isnull=False, closed_at=None),
                name="case_claimed_while_open",
            ),
            models.CheckConstraint(
                condition=Q(revision=None) | Q(rendition_set__isnull=False),
                name="case_saw_a_rendition_set",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    @property
    def first_approval(self) -> "Decision | None":
        return next((d for d in self.decisions.all() if d.verdict == Verdict.APPROVE), None)

    @property
    def final_decision(self) -> "Decision | None":
        return next((d for d in self.decisions.all() if d.verdict in FINAL), None)

    def holder(self, *, at: datetime) -> User | None:
        """Who has claimed it and was not idle for longer than `CLAIM_IDLE`."""
        if self.claimed_at is None or self.claimed_at <= at - CLAIM_IDLE:
            return None
        return self.claimed_by


class Decision(AppendOnlyModel):
    """Only ever added. `checklist` holds the codes that were ticked.

    The reason is of the story's own: once that is erased it is blank, and `erased_at` says since
    when. Who decided what and when stays.
    """

    instead = _("Make another decision instead.")

    case = models.ForeignKey(Case, models.CASCADE, related_name="decisions")
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=16, choices=Verdict)
    reason = models.TextField(blank=True)
    checklist = models.JSONField(default=list, blank=True)
    decided_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["case", "by"],
                condition=Q(verdict__in=[Verdict.APPROVE, Verdict.CONFIRM]),
                name="decision_approves_once_a_person",
            ),
            models.UniqueConstraint(
                fields=["case"],
                condition=Q(verdict=Verdict.APPROVE),
                name="decision_one_first_approval",
            ),
            models.UniqueConstraint(
                fields=["case"], condition=Q(verdict__in=FINAL), name="decision_ends_a_case_once"
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=Verdict.values), name="decision_verdict_known"
            ),
            models.CheckConstraint(
                condition=~Q(verdict__in=NEEDS_REASON) | ~Q(reason="") | Q(erased_at__isnull=False),
                name="decision_refusal_has_a_reason",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(reason=""), name="decision_erased_says_nothing"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.verdict} on {self.case_id}"
