"""A person's words in the place of the machine's, or where no machine knows the language."""

from functools import partial

import pytest

from accounts.roles import Role
from audit import SYSTEM
from audit.models import Entry
from common.errors import NotFound, Problem
from consent.uses import Use
from stories.models import ConsentMissing
from stories.states import Status
from tests.accounts.make import make_programme, make_user, staff_client
from tests.consent.make import granted, make_consent
from tests.races import race
from tests.stories.make import make_story
from tests.transcode.make import CUES, make_revision, make_set
from transcode import pipeline, subtitles
from transcode.cues import Cue, from_json, to_json
from transcode.made import RenditionsPending, transcript_of
from transcode.models import Job, Revision, Transcript
from transcode.revisions import CueRefused, SubtitlesUnreadable, TranscriptChanged, read, revise
from transcode.speech import Segment, Speech, Word

pytestmark = pytest.mark.django_db

MINE = [Cue(0.5, 2.5, "I left in the dry season.")]


@pytest.fixture
def story():
    story = make_story(status=Status.IN_REVIEW)
    make_set(story)
    return story


@pytest.fixture
def person(story):
    return make_user(Role.MODERATOR, programme=story.programme)


def put(person, story, form="", **request):
    return staff_client(person).put(f"/api/v1/stories/{story.pk}/transcript{form}", **request)


def send(person, story, data, *, form="srt", **headers):
    return put(person, story, f".{form}", data=data, content_type="text/plain", headers=headers)


def test_a_person_transcribes_where_no_machine_does(story, person):
    revision = revise(story, MINE, by=person, based_on=None)

    transcript = transcript_of(story)
    assert transcript.latest == revision
    assert (revision.number, revision.by, revision.words) == (1, person, None)
    assert transcript.outcome == Transcript.Outcome.MADE
    assert transcript.ended_at


def test_a_revision_follows_the_one_its_author_saw(story, person):
    machines = make_revision(story)

    revision = revise(story, MINE, by=person, based_on=1)

    assert (revision.number, revision.based_on) == (2, machines)
    assert from_json(Revision.objects.get(number=1).cues) == CUES


def test_a_revision_leaves_a_trace_without_the_words(story, person):
    revise(story, MINE, by=person, based_on=None)

    entry = Entry.objects.of(story.audit_subject).get(action="transcript.revised")
    assert entry.actor == person.audit_name
    assert entry.data == {"number": 1, "cues": 1}


@pytest.mark.parametrize("based_on", [None, 1, 3])
def test_a_revision_of_anything_but_the_newest_is_refused(story, person, based_on):
    make_revision(story)
    make_revision(story)

    with pytest.raises(TranscriptChanged) as refused:
        revise(story, MINE, by=person, based_on=based_on)

    assert refused.value.extra["newest"] == 2
    assert transcript_of(story).revisions.count() == 2


@pytest.mark.parametrize(
    ("cues", "why"),
    [
        ([Cue(7, 9, "After the end.")], "after_the_end"),
        ([Cue(0, 2, "One."), Cue(1, 3, "Two.")], "overlap"),
        ([Cue(0, 2, "x" * 43)], "line_too_long"),
    ],
)
def test_what_cant_be_shown_is_refused(story, person, cues, why):
    with pytest.raises(CueRefused) as refused:
        revise(story, cues, by=person, based_on=None)

    assert refused.value.extra["why"] == why
    assert transcript_of(story) is None


def test_nobody_writes_down_what_was_not_granted():
    consent = make_consent(grants=granted(Use.COMMUNITY_SCREENING))
    story = make_story(status=Status.IN_REVIEW, consent=consent)
    make_set(story)

    with pytest.raises(ConsentMissing):
        revise(story, MINE, by=make_user(), based_on=None)


def test_nothing_is_added_to_a_withdrawn_story(story, person):
    story.withdraw(by=SYSTEM)

    with pytest.raises(NotFound):
        revise(story, MINE, by=person, based_on=None)


def test_words_wait_until_the_recordings_length_is_known(person):
    with pytest.raises(RenditionsPending):
        revise(make_story(status=Status.PROCESSING), MINE, by=person, based_on=None)


def test_the_machine_does_not_write_over_a_persons_words(story, person):
    mine = revise(story, MINE, by=person, based_on=None)
    word = Word(0.0, 1.0, "Noise.", 0.3)
    heard = Speech("en", "fr", 0.9, (Segment(0, 1, "Noise.", (word,)),), "engine", "model", 8.0)

    pipeline._record_speech(mine.transcript_id, heard)
    pipeline.leave_to_people(Job(kind="transcribe", subject=mine.transcript_id, group=story.pk))

    transcript = transcript_of(story)
    assert transcript.latest == mine
    assert (transcript.outcome, transcript.note) == (Transcript.Outcome.MADE, "")


def test_a_subtitle_file_becomes_a_revision(story, person):
    answer = send(person, story, subtitles.write_srt(MINE))

    assert answer.status_code == 200
    assert answer.json()["cues"] == [
        {"start_ms": 500, "end_ms": 2500, "text": "I left in the dry season."}
    ]
    assert answer.headers["ETag"] == '"1"'


def test_a_file_names_the_revision_it_replaces(story, person):
    make_revision(story)

    blind = send(person, story, subtitles.write_vtt(MINE), form="vtt")
    seen = send(person, story, subtitles.write_vtt(MINE), form="vtt", if_match='"1"')

    assert (blind.status_code, blind.json()["code"]) == (409, "transcript_changed")
    assert blind.json()["newest"] == 1
    assert seen.json()["revision"] == 2


@pytest.mark.parametrize(
    ("data", "form", "why"),
    [
        (b"\xff\xfe\x00", "srt", "not_utf8"),
        (b"1\n0:01 --> 0:02\nWords\n", "srt", "bad_timing"),
        (b"<html></html>", "vtt", "not_webvtt"),
        (b"", "srt", "no_cues"),
        (b"WEBVTT", "vtt", "no_cues"),
    ],
)
def test_a_file_that_is_no_subtitles_is_refused_with_the_row(story, person, data, form, why):
    answer = send(person, story, data, form=form)

    assert (answer.status_code, answer.json()["code"]) == (400, "subtitles_unreadable")
    assert (answer.json()["why"], answer.json()["line"] > 0) == (why, True)


def test_a_file_that_is_too_large_is_not_read():
    with pytest.raises(SubtitlesUnreadable) as refused:
        read(b"x" * (subtitles.LARGEST_BYTES + 1), "srt")

    assert refused.value.extra["why"] == "too_large"


def test_cues_come_as_json_too(story, person):
    make_revision(story)
    body = {"cues": [{"start_ms": 0, "end_ms": 2000, "text": "Better."}], "based_on": 1}

    answer = put(person, story, data=body, content_type="application/json")

    assert answer.json()["revision"] == 2
    assert transcript_of(story).latest.cues == to_json([Cue(0, 2, "Better.")])


def test_a_header_that_is_no_revision_is_refused(story, person):
    answer = send(person, story, subtitles.write_srt(MINE), if_match="*")

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_if_match")


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER, Role.PROTECTION_OFFICER])
@pytest.mark.parametrize("form", ["", ".srt"])
def test_other_roles_write_nothing(story, role, form):
    other = make_user(role, programme=story.programme)

    answer = put(other, story, form, data=b"", content_type="text/plain")

    assert answer.status_code == 403
    assert not Revision.objects.exists()


def test_a_moderator_of_another_programme_writes_nothing(story):
    stranger = make_user(Role.MODERATOR, programme=make_programme())

    assert send(stranger, story, subtitles.write_srt(MINE)).status_code == 404
    assert not Revision.objects.exists()


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_two_revisions_at_once_one_is_refused(rounds):
    for _round in range(rounds):
        story = make_story(status=Status.IN_REVIEW)
        make_set(story)
        people = [make_user(Role.MODERATOR, programme=story.programme) for _ in range(2)]

        results = race(
            *(partial(revise, story, MINE, by=by, based_on=None) for by in people),
            expected=(Problem,),
        )

        lost = [result for result in results if isinstance(result, Problem)]
        assert [problem.code for problem in lost] == ["transcript_changed"]
        assert transcript_of(story).revisions.count() == 1
