"""What other rooms are told of the machines' work."""

import uuid

import pytest

from stories.states import Status
from tests.stories.make import make_story
from transcode.made import progress_of, progress_of_many
from transcode.models import Job, Queue, State

pytestmark = pytest.mark.django_db


def make_step(story, kind, **facts):
    return Job.objects.create(
        queue=Queue.MEDIA, kind=kind, subject=uuid.uuid4(), group=story.pk, **facts
    )


def test_steps_come_in_their_order_and_only_the_last_try_of_each():
    story = make_story(status=Status.PROCESSING)
    make_step(story, "transcribe")
    make_step(story, "first_look", state=State.CANCELLED, ended_at=story.moved_at)
    make_step(story, "first_look", progress=0.5)

    steps = progress_of(story)

    assert [step.kind for step in steps] == ["probe", "first_look", "transcribe"]
    assert (steps[1].state, steps[1].progress) == (State.DUE, 0.5)


def test_steps_of_thirty_stories_cost_as_much_as_of_one(django_assert_num_queries):
    stories = [make_story(status=Status.PROCESSING) for _ in range(30)]

    with django_assert_num_queries(1):
        progress_of_many([stories[0].pk])
    with django_assert_num_queries(1):
        found = progress_of_many([story.pk for story in stories])

    assert {len(steps) for steps in found.values()} == {1}


def test_a_story_without_steps_has_none():
    story = make_story()

    assert progress_of_many([story.pk]) == {story.pk: []}
    assert progress_of_many([]) == {}
