"""The life of a story: which move follows which, and what the database refuses."""

import itertools
import uuid

import pytest
from django.db import IntegrityError, transaction

from accounts.roles import Role
from audit import SYSTEM, Action
from audit.models import Entry
from consent.uses import Use
from stories.models import ConsentMissing, MoveRefused, Story
from stories.states import MOVES, Status
from tests.accounts.make import make_user
from tests.consent.make import granted, make_consent
from tests.stories.make import WAYS, make_story

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("status", WAYS)
def test_a_story_reaches_every_state_by_its_methods(status):
    story = make_story(status=status)

    reached = Status.PROCESSING if status == Status.SUBMITTED else status
    assert Story.objects.get(pk=story.pk).status == reached


# The machine's room takes a submitted story at once: no test finds one in that state.
FORBIDDEN = [
    (before, to)
    for before, to in itertools.product(WAYS, Status)
    if before != Status.SUBMITTED and to not in MOVES[before]
]


@pytest.mark.parametrize(("before", "to"), FORBIDDEN)
def test_moves_outside_the_table_are_refused(before, to):
    story = make_story(status=before)

    with pytest.raises(MoveRefused):
        story._move(to, by=SYSTEM, action=Action.STORY_RETRIED)

    assert Story.objects.get(pk=story.pk).status == before


def test_each_move_leaves_an_audit_entry():
    story = make_story(status=Status.PUBLISHED)

    entries = Entry.objects.of(story.audit_subject).filter(action__startswith="story.")

    assert [entry.action for entry in entries] == [
        "story.declared",
        "story.submitted",
        "story.processing_started",
        "story.ready_for_review",
        "story.approved",
        "story.published",
    ]


def test_withdrawing_twice_changes_nothing():
    story = make_story(status=Status.WITHDRAWN)
    entries = Entry.objects.of(story.audit_subject).count()

    story.withdraw(by=SYSTEM)

    assert Entry.objects.of(story.audit_subject).count() == entries


def test_reopening_forgets_who_approved():
    story = make_story(status=Status.PUBLISHED)

    story.reopen(by=SYSTEM)

    assert story.status == Status.IN_REVIEW
    assert (story.approved_by, story.confirmed_by, story.approved_case_id) == (None, None, None)
    assert story.published_at is None


def test_a_story_without_the_grant_is_never_approved():
    consent = make_consent(grants=granted(Use.INTERNAL_ARCHIVE, Use.RESEARCH))
    story = make_story(consent=consent, status=Status.IN_REVIEW)
    first, second = (make_user(role=Role.MODERATOR, programme=story.programme) for _ in range(2))

    with pytest.raises(ConsentMissing) as refused:
        story.approve(by=second, first=first, case_id=uuid.uuid4())

    assert refused.value.code == "consent_missing"


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": Status.PUBLISHED},
        {"status": Status.APPROVED},
        {"status": Status.APPROVED, "same_person_twice": True},
        {"status": Status.APPROVED, "collector": "approved_by"},
        {"status": Status.APPROVED, "collector": "confirmed_by"},
        {"status": Status.PUBLISHED, "without_time": True},
    ],
)
def test_the_database_refuses_what_the_rules_refuse(wrong):
    story = make_story(status=Status.IN_REVIEW)
    fields = _fields(story, wrong)

    with pytest.raises(IntegrityError), transaction.atomic():
        Story.objects.filter(pk=story.pk).update(**fields)


def _fields(story, wrong):
    if len(wrong) == 1:
        return wrong
    first, second = (make_user(role=Role.MODERATOR, programme=story.programme) for _ in range(2))
    fields = {
        "status": wrong["status"],
        "approved_by": first,
        "confirmed_by": first if wrong.get("same_person_twice") else second,
        "approved_case_id": uuid.uuid4(),
    }
    if name := wrong.get("collector"):
        fields[name] = story.collector
    return fields
