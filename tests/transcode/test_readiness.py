"""What `/readyz` says, and what becomes of a story when the speech model is not there."""

from pathlib import Path

import pytest
from django.test import Client

from stories.models import Story
from stories.states import Status
from tests.transcode import clips
from tests.transcode.test_pipeline import submitted, work_off
from transcode import engine_room, workers
from transcode.models import Job, Queue, State, Worker

pytestmark = pytest.mark.django_db(transaction=True)

PARTS = {"broker", "database", "ffmpeg", "model", "storage", "workers"}


@pytest.fixture
def no_model(settings, tmp_path):
    settings.WHISPER_MODEL = str(tmp_path / "nowhere" / "model")
    engine_room._set_up.cache_clear()
    yield
    engine_room._set_up.cache_clear()


def parts():
    answer = Client().get("/readyz")
    return answer.status_code, answer.json()["parts"]


def test_every_part_is_named_with_its_state():
    _status, found = parts()

    assert set(found) == PARTS
    assert found["database"]["ok"]
    assert found["broker"]["ok"]
    assert "ffmpeg version" in found["ffmpeg"]["detail"]


def test_a_queue_without_a_worker_is_said():
    for queue in (Queue.MEDIA, Queue.SPEECH):
        workers.touch(f"{queue}@here", [queue])

    status, found = parts()

    assert status == 503
    assert not found["workers"]["ok"]
    assert "light" in found["workers"]["detail"]


def test_an_absent_model_is_said_with_what_to_do(no_model):
    status, found = parts()

    assert (status, found["model"]["ok"]) == (503, False)
    assert "MAM_WHISPER_MODEL" in found["model"]["detail"]


def test_no_part_names_a_path_of_the_server(no_model, settings):
    workers.started("speech@here", [Queue.SPEECH])

    _status, found = parts()

    told = str(found)
    assert settings.WHISPER_MODEL not in told
    assert "nowhere" not in told
    assert str(settings.VAR) not in told


def test_a_speech_worker_without_its_model_says_so_when_it_starts(no_model):
    workers.started("speech@here", [Queue.SPEECH])

    worker = Worker.objects.get()

    assert worker.state == Worker.State.UNREADY
    assert "MAM_WHISPER_MODEL" in worker.detail


def test_a_speech_worker_is_ready_once_its_model_has_come(no_model, settings):
    workers.started("speech@here", [Queue.SPEECH])
    folder = Path(settings.WHISPER_MODEL)
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.json"):
        (folder / name).touch()

    workers.pulse("speech@here", [Queue.SPEECH])

    assert Worker.objects.get().state == Worker.State.READY


@pytest.mark.slow
def test_a_story_waits_for_an_absent_model_and_is_not_lost(no_model, tmp_path):
    story = submitted(clips.film(tmp_path / "clip.mp4"), language="en")

    work_off()

    waiting = Job.objects.get(kind="transcribe")
    assert (waiting.state, waiting.reason_code) == (State.DUE, "model_absent")
    assert waiting.attempts == 0
    assert Story.objects.get(pk=story.pk).status == Status.PROCESSING
