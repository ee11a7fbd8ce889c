"""A recording through the machine's room: real ffmpeg, real Whisper, real rows."""

import errno
import hashlib
from pathlib import Path

import pytest

from audit import SYSTEM
from common import storage
from consent import withdrawal
from consent.models import Withdrawal
from consent.uses import Use
from stories.models import Story
from stories.states import Status
from tests.consent.make import granted, make_consent
from tests.stories.make import make_story
from tests.transcode import clips
from transcode import endings, ffmpeg, jobs, leases
from transcode.made import latest_set, not_ready, player_rendition, transcript_of
from transcode.models import Job, Queue, Rendition, State, Transcript

# Claims refuse to run inside a test's transaction.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def submitted(path, **facts):
    """A story whose recording is the file at `path`."""
    key = storage.new_key("uploads")
    storage.put(path, key)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return make_story(
        status=Status.SUBMITTED,
        content_key=key,
        sha256=sha256,
        size_bytes=path.stat().st_size,
        **facts,
    )


def work_off(*queues):
    """Do what is due in these queues, as one worker would, until nothing is left."""
    left = True
    while left:
        left = bool([queue for queue in queues or Queue.values if jobs.run_next(queue)])


def sound_alone(path):
    clips.ffmpeg(*clips.sound(), *clips.AAC, path)
    return path


def fresh(story):
    return Story.objects.get(pk=story.pk)


@pytest.mark.whisper
def test_a_talking_head_becomes_renditions_and_a_transcript(recordings):
    story = submitted(recordings / "video" / "en_speech_two_faces.mp4", language="en")

    work_off()

    made, transcript = latest_set(story), transcript_of(story)
    assert fresh(story).status == Status.IN_REVIEW
    assert {r.profile for r in made.renditions.all()} == {"first_look", "web_480", "poster"}
    assert made.completed_at
    assert transcript.outcome == Transcript.Outcome.MADE
    assert "international partners" in " ".join(
        text for _start, _end, text in transcript.latest.cues
    ).replace("\n", " ")
    words = transcript.latest.words or []
    start_ms, end_ms, word, probability, is_doubtful = words[0]
    assert 0 <= start_ms < end_ms
    assert word
    assert 0 < probability <= 1
    assert not is_doubtful
    assert not_ready(story) is None


def test_a_first_look_and_an_ended_transcript_open_the_review_before_the_video_is_done(tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="wo")
    jobs.run_next(Queue.LIGHT)

    jobs.run_next(Queue.MEDIA)

    assert fresh(story).status == Status.IN_REVIEW
    assert not_ready(story).code == "renditions_pending"


def test_a_language_without_an_engine_is_left_to_a_person(tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="wo")

    work_off()

    assert transcript_of(story).outcome == Transcript.Outcome.NEEDS_PERSON
    assert not_ready(story) is None


def test_nothing_is_transcribed_without_the_grant(tmp_path):
    consent = make_consent(grants=granted(Use.COMMUNITY_SCREENING))
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="en", consent=consent)

    work_off()

    assert transcript_of(story).outcome == Transcript.Outcome.NOT_GRANTED
    assert not Job.objects.filter(kind="transcribe").exists()
    assert fresh(story).status == Status.IN_REVIEW


def test_a_video_without_sound_needs_no_words(tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4", with_sound=False), language="en")

    work_off()

    assert transcript_of(story).outcome == Transcript.Outcome.EMPTY
    assert fresh(story).status == Status.IN_REVIEW


def test_sound_without_video_becomes_sound(tmp_path):
    story = submitted(sound_alone(tmp_path / "clip.m4a"), language="wo")

    work_off()

    made = latest_set(story)
    assert {r.profile for r in made.renditions.all()} == {"first_listen", "audio"}
    assert made is not None
    assert player_rendition(made).profile == Rendition.Profile.AUDIO
    assert fresh(story).status == Status.IN_REVIEW


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("html_renamed.mp4", "not_media"),
        ("truncated_no_moov.mp4", "truncated"),
        ("hls_ssrf_loopback.mp4", "playlist"),
        ("ffconcat_reads_file.mp4", "playlist"),
    ],
)
def test_what_cannot_be_played_fails_with_a_reason_and_keeps_its_bytes(recordings, name, code):
    story = submitted(recordings / "hostile" / name)

    work_off()

    failed = fresh(story)
    assert (failed.status, failed.failure_code) == (Status.FAILED, code)
    assert failed.failure_reason.endswith(".")
    assert storage.private().exists(failed.recording.upload.content_key)
    assert not Job.objects.open().exists()


def test_a_failed_story_can_be_tried_again(recordings, tmp_path):
    story = submitted(recordings / "hostile" / "html_renamed.mp4", language="wo")
    work_off()
    upload = fresh(story).recording.upload
    upload.content_key = storage.new_key("uploads")
    upload.save(update_fields=["content_key"])
    storage.put(clips.film(tmp_path / "clip.mp4"), upload.content_key)

    fresh(story).retry(by=SYSTEM)
    work_off()

    assert fresh(story).status == Status.IN_REVIEW
    assert fresh(story).failure_code == ""


def test_a_story_that_begins_anew_leaves_nothing_of_the_first_time(tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="en")
    jobs.run_next(Queue.LIGHT)
    jobs.run_next(Queue.MEDIA)
    first = latest_set(story)
    failed = Job.objects.get(kind="renditions")
    claimed = leases.claim(Queue.MEDIA, ["renditions"], worker="here")
    assert claimed is not None
    endings.fail(claimed, "decode_failed", "Why.")
    assert fresh(story).status == Status.FAILED
    assert failed.subject == first.pk

    fresh(story).retry(by=SYSTEM)
    jobs.run_next(Queue.LIGHT)

    assert [made.pk for made in story.rendition_sets.all()] != [first.pk]
    assert story.rendition_sets.count() == 1
    assert files_below(storage.private().path("renditions")) == []


def test_a_withdrawal_ends_the_work_and_the_addresses(tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="wo")
    jobs.run_next(Queue.LIGHT)

    withdrawal.withdraw(story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
    work_off()

    assert fresh(story).status == Status.WITHDRAWN
    assert set(Job.objects.filter(group=story.pk).values_list("kind", "state")) == {
        ("probe", State.DONE),
        ("first_look", State.CANCELLED),
        ("renditions", State.CANCELLED),
    }
    assert not Rendition.objects.exists()


def test_what_a_withdrawn_storys_encode_still_brings_is_thrown_away(tmp_path, monkeypatch):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="wo")
    jobs.run_next(Queue.LIGHT)
    encode = ffmpeg.encode_set

    def encode_and_then_withdraw(*args, **options):
        made = encode(*args, **options)
        withdrawal.withdraw(story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
        return made

    monkeypatch.setattr(ffmpeg, "encode_set", encode_and_then_withdraw)

    jobs.run_next(Queue.MEDIA)

    assert not Rendition.objects.exists()
    assert files_below(storage.private().path("renditions")) == []


def test_what_is_kept_goes_again_when_the_next_file_cant_be(tmp_path, monkeypatch):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="wo")
    jobs.run_next(Queue.LIGHT)
    put = storage.put
    stored: list[str] = []

    def put_one_and_find_the_disk_full(path, key):
        if stored:
            raise OSError(errno.ENOSPC, "No space left on device")
        put(path, key)
        stored.append(key)

    monkeypatch.setattr(storage, "put", put_one_and_find_the_disk_full)

    jobs.run_next(Queue.MEDIA)

    assert stored
    assert Job.objects.get(group=story.pk, kind="first_look").reason_code == "disk_full"
    assert files_below(storage.private().path("renditions")) == []


def files_below(folder):
    return [path for path in Path(folder).rglob("*") if path.is_file()]


def test_no_scratch_file_is_left(tmp_path, settings):
    submitted(clips.film(tmp_path / "clip.mp4"), language="wo")

    work_off()

    assert list(settings.SCRATCH_ROOT.iterdir()) == []
