"""What is thrown away, and what has to stay."""

from pathlib import Path

import pytest

from audit import SYSTEM
from common import storage
from moderation.models import Case
from stories.erasure import erase as erase_for_good
from stories.states import Status
from tests.stories.make import make_story
from tests.transcode.make import make_file, make_revision, make_set
from transcode import erasure
from transcode.files import prefix_of
from transcode.models import Rendition, RenditionSet, Revision, Transcript

pytestmark = pytest.mark.django_db(transaction=True)

FILES = {"first_look": b"a", "poster": b"b", "web_480": b"c"}


def files_of(story):
    folder = Path(storage.private().path(prefix_of(story.pk)))
    return [path for path in folder.rglob("*") if path.is_file()]


def make_shown_story():
    story = make_story(status=Status.IN_REVIEW)
    made = make_set(story, files=FILES)
    revision = make_revision(story)
    Case.objects.filter(story=story).update(rendition_set=made, revision=revision)
    return story


def test_an_erased_story_leaves_no_file_and_no_word():
    story, other = make_shown_story(), make_shown_story()
    orphan = make_file(storage.new_key(prefix_of(story.pk), ".mp4"), b"left by a killed worker")

    erasure.erase(story)

    assert files_of(story) == []
    assert not storage.private().exists(orphan)
    assert not Rendition.objects.filter(set__story=story).exists()
    assert all(
        (revision.cues, revision.words) == ([], None)
        for revision in Revision.objects.filter(transcript__story=story)
    )
    assert len(files_of(other)) == len(FILES)
    assert Revision.objects.get(transcript__story=other).cues


def test_what_no_decision_names_is_erased_as_a_row_too():
    story = make_story(status=Status.IN_REVIEW)
    make_set(story, files=FILES)
    make_revision(story)
    Revision.objects.create(
        transcript=story.transcripts.get(), number=2, cues=[], based_on=Revision.objects.get()
    )

    erasure.erase(story)

    assert not RenditionSet.objects.exists()
    assert not Transcript.objects.exists()


def test_erasing_again_changes_nothing():
    story = make_shown_story()
    erasure.erase(story)

    erasure.erase(story)

    assert files_of(story) == []


def test_a_story_that_was_never_looked_at_is_erased_too():
    erasure.erase(make_story())


def test_the_move_to_erased_erases():
    story = make_shown_story()
    story.withdraw(by=SYSTEM)

    erase_for_good(story, by=SYSTEM)

    assert files_of(story) == []


def test_a_set_that_a_decision_names_outlives_a_newer_one():
    story = make_shown_story()
    shown = story.rendition_sets.get()
    unseen = make_set(story, files=FILES)

    erasure.discard_sets(story.rendition_sets.all())

    assert list(story.rendition_sets.all()) == [shown]
    assert len(files_of(story)) == len(FILES)
    assert not RenditionSet.objects.filter(pk=unseen.pk).exists()
