"""The story: the row that every stage moves, and the recording it is made of."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Device, Programme, User
from audit import Action, Actor
from audit.trail import record
from common.errors import Conflict
from consent.models import ConsentRecord
from consent.permission import Permission, may, may_be_kept
from consent.uses import Use
from stories import arrivals, signals
from stories.states import GONE, MOVES, Status
from uploads.models import Upload

STORY_WITHDRAWN = Permission(
    False, "story_withdrawn", _("The story was withdrawn. Delete every copy, on the phone too.")
)


class MoveRefused(Conflict):
    code = "move_refused"
    title = _("The story is not in a state for this")


class ConsentMissing(Conflict):
    """Carries the permission's own code and reason."""

    title = _("Consent does not allow this")

    def __init__(self, permission: Permission) -> None:
        super().__init__(permission.reason)
        self.code = permission.code


class Feed(models.Model):
    """Numbers the changes that one collector's phones have to learn, without gaps in order.

    The row is locked until commit, so a change is never visible before one with a lower number.
    """

    collector = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="+")
    last_change = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.collector_id}: {self.last_change}"

    @classmethod
    def next_change(cls, collector_id: int) -> int:
        """Return the next number; must run inside the transaction that writes it."""
        cls.objects.get_or_create(collector_id=collector_id)
        feed = cls.objects.select_for_update().get(collector_id=collector_id)
        feed.last_change += 1
        feed.save(update_fields=["last_change"])
        return feed.last_change


class StoryQuerySet(models.QuerySet["Story"]):
    def of_programmes(self, programmes: models.QuerySet[Programme]) -> "StoryQuerySet":
        return self.filter(programme__in=programmes)

    def of_collector(self, collector: User) -> "StoryQuerySet":
        return self.filter(collector=collector)

    def locked(self) -> "StoryQuerySet":
        """Hold the rows until the transaction ends; every move and decision asks again under it.

        Of the story alone: a join must not lock programme or consent too. Not the key: rows that
        point at the story (jobs, cases, recordings) may be added meanwhile.
        """
        return self.select_for_update(of=("self",), no_key=True)

    def present(self) -> "StoryQuerySet":
        """Stories that were neither withdrawn nor erased."""
        return self.exclude(status__in=GONE)

    def published(self) -> "StoryQuerySet":
        return self.filter(status=Status.PUBLISHED)

    def permitted(self, use: Use, *, at: datetime, place: str | None = None) -> "StoryQuerySet":
        """Stories whose `may(use, at=at, place=place)` is allowed, in one query."""
        records = ConsentRecord.objects.permitting(use, at=at, place=place)
        return self.present().filter(consent__in=records)


class Story(models.Model):
    """`status` moves by the named methods alone; each locks the row and leaves an audit entry."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, models.PROTECT, related_name="stories")
    collector = models.ForeignKey(User, models.PROTECT, related_name="collected_stories")
    device = models.ForeignKey(Device, models.PROTECT, null=True, related_name="+")
    consent = models.ForeignKey(ConsentRecord, models.PROTECT, related_name="stories")
    title = models.CharField(max_length=120)
    language = models.CharField(max_length=12)
    recorded_at = models.DateTimeField()
    status = models.CharField(max_length=20, choices=Status, default=Status.DRAFT)
    failure_code = models.CharField(max_length=40, blank=True)
    failure_reason = models.CharField(max_length=400, blank=True)
    note_for_collector = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    moved_at = models.DateTimeField(default=timezone.now)
    submitted_at = models.DateTimeField(null=True)
    approved_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    confirmed_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    approved_case_id = models.UUIDField(null=True)
    published_at = models.DateTimeField(null=True)
    change = models.PositiveBigIntegerField(help_text="Place in the collector's feed.")
    declared_digest = models.CharField(max_length=64)

    objects = StoryQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["programme", "status", "moved_at"], name="story_by_status"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["collector", "change"], name="story_change_once"),
            models.CheckConstraint(
                condition=~Q(status__in=[Status.APPROVED, Status.PUBLISHED])
                | Q(
                    approved_by__isnull=False,
                    confirmed_by__isnull=False,
                    approved_case_id__isnull=False,
                ),
                name="story_approved_by_two",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.PUBLISHED) | Q(published_at__isnull=False),
                name="story_published_at_known",
            ),
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=F("confirmed_by")),
                name="story_approvers_differ",
            ),
            models.CheckConstraint(
                condition=(Q(approved_by=None) | ~Q(approved_by=F("collector")))
                & (Q(confirmed_by=None) | ~Q(confirmed_by=F("collector"))),
                name="story_collector_never_approves",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def audit_subject(self) -> str:
        return f"story:{self.pk}"

    @property
    def is_gone(self) -> bool:
        """Withdrawn or erased: nothing of it may be shown to anybody."""
        return self.status in GONE

    def may(self, use: Use, *, at: datetime, place: str | None = None) -> Permission:
        """Return whether consent and state permit `use`; see `consent.permission.may`."""
        if self.is_gone:
            return STORY_WITHDRAWN
        return may(use, self.consent, at=at, place=place)

    def submit(self, *, by: Actor) -> None:
        """Hand over to the machines; raises `ConsentMissing` when no consent stands behind it."""
        self._move(
            Status.SUBMITTED,
            by=by,
            action=Action.STORY_SUBMITTED,
            check=_consent_stands,
            submitted_at=timezone.now(),
        )

    def start_processing(self, *, by: Actor) -> None:
        self._move(Status.PROCESSING, by=by, action=Action.STORY_PROCESSING_STARTED)

    def ready_for_review(self, *, by: Actor) -> None:
        self._move(Status.IN_REVIEW, by=by, action=Action.STORY_READY_FOR_REVIEW)

    def fail(self, *, by: Actor, code: str, reason: str) -> None:
        """`reason` is a sentence for the collector that also says what to do."""
        self._move(
            Status.FAILED,
            by=by,
            action=Action.STORY_FAILED,
            facts={"code": code},
            failure_code=code,
            failure_reason=reason,
        )

    def retry(self, *, by: Actor) -> None:
        """Raises as `arrivals.verified` does: what never arrived can't be worked on again."""
        self._move(
            Status.PROCESSING,
            by=by,
            action=Action.STORY_RETRIED,
            only_from=Status.FAILED,
            check=_recording_is_here,
            failure_code="",
            failure_reason="",
        )

    def request_changes(self, *, by: Actor, note: str) -> None:
        self._move(
            Status.CHANGES_REQUESTED,
            by=by,
            action=Action.STORY_CHANGES_REQUESTED,
            note_for_collector=note,
        )

    def resume_review(self, *, by: Actor) -> None:
        """The changes that were asked for are made."""
        self._move(
            Status.IN_REVIEW,
            by=by,
            action=Action.STORY_REOPENED,
            only_from=Status.CHANGES_REQUESTED,
            note_for_collector="",
        )

    def reject(self, *, by: Actor, note: str) -> None:
        self._move(Status.REJECTED, by=by, action=Action.STORY_REJECTED, note_for_collector=note)

    def approve(self, *, by: User, first: User, case_id: uuid.UUID) -> None:
        """Record the second approval, by `by` after `first`; the case names what both saw."""
        self._move(
            Status.APPROVED,
            by=by,
            action=Action.STORY_APPROVED,
            check=_screening_is_granted,
            approved_by=first,
            confirmed_by=by,
            approved_case_id=case_id,
        )

    def publish(self, *, by: Actor) -> None:
        self._move(
            Status.PUBLISHED,
            by=by,
            action=Action.STORY_PUBLISHED,
            check=_screening_is_granted,
            published_at=timezone.now(),
        )

    def reopen(self, *, by: Actor) -> None:
        """An edit takes back what was approved: it must be seen and decided again."""
        self._move(
            Status.IN_REVIEW,
            by=by,
            action=Action.STORY_REOPENED,
            approved_by=None,
            confirmed_by=None,
            approved_case_id=None,
            published_at=None,
        )

    def withdraw(self, *, by: Actor) -> None:
        """Wins over every other move; withdrawing again changes nothing."""
        with transaction.atomic():
            locked = Story.objects.locked().get(pk=self.pk)
            if not locked.is_gone:
                locked._move(Status.WITHDRAWN, by=by, action=Action.STORY_WITHDRAWN)
        self.refresh_from_db()

    def erase(self, *, by: Actor) -> None:
        """Blank what the row says of the story; `stories.erasure` takes all the rest with it."""
        self._move(
            Status.ERASED,
            by=by,
            action=Action.STORY_ERASED,
            title="",
            note_for_collector="",
            declared_digest="",
        )

    def _move(
        self,
        to: Status,
        *,
        by: Actor,
        action: Action,
        only_from: Status | None = None,
        check: Callable[["Story"], None] | None = None,
        facts: dict[str, Any] | None = None,
        **fields: Any,
    ) -> None:
        """Lock the row, check the move, write status, fields and audit entry in one transaction."""
        with transaction.atomic():
            story = Story.objects.locked().get(pk=self.pk)
            before = Status(story.status)
            if to not in MOVES[before] or only_from not in (None, before):
                raise _refusal(before, to)
            if check:
                check(story)
            story._write(status=to, moved_at=timezone.now(), **fields)
            record(action, story.audit_subject, by=by, **(facts or {}))
            signals.moved.send(Story, story=story, before=before, by=by)
        self.refresh_from_db()

    def _write(self, **fields: Any) -> None:
        fields["change"] = Feed.next_change(self.collector_id)
        for name, value in fields.items():
            setattr(self, name, value)
        self.save(update_fields=list(fields))


def _refusal(before: Status, to: Status) -> MoveRefused:
    return MoveRefused(
        _("The story is “%(now)s”; it cannot become “%(to)s”.")
        % {"now": before.label, "to": to.label},
        status_now=before.value,
    )


def _consent_stands(story: Story) -> None:
    permission = may_be_kept(story.consent)
    if not permission:
        raise ConsentMissing(permission)


def _recording_is_here(story: Story) -> None:
    arrivals.verified(story.recording)


def _screening_is_granted(story: Story) -> None:
    permission = story.may(Use.COMMUNITY_SCREENING, at=timezone.now())
    if not permission:
        raise ConsentMissing(permission)


class Recording(models.Model):
    """A file that a phone declared for a story; `upload` is set once its bytes are verified."""

    id = models.UUIDField(primary_key=True)
    story = models.OneToOneField(Story, models.CASCADE, related_name="recording")
    upload_declared = models.UUIDField(unique=True, help_text="The client's id of its upload.")
    upload = models.OneToOneField(Upload, models.PROTECT, null=True, related_name="+")
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()

    def __str__(self) -> str:
        return str(self.pk)


class Tombstone(models.Model):
    """That a story was erased, and nothing else of it; outlives its row."""

    story_id = models.UUIDField(primary_key=True)
    erased_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return str(self.story_id)
