"""A real encode, interrupted as when the power goes: nothing is lost, doubled or left running."""

import hashlib
import os
import random
import signal
import time

import pytest

from common import storage
from stories.models import Story
from stories.states import Status
from tests.servers import descendants, program, wait_until
from tests.transcode import clips
from tests.transcode.crew import Crew
from tests.transcode.test_pipeline import submitted
from transcode.made import latest_set
from transcode.models import Job, Queue, Rendition, State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def crew(tmp_path, request):
    crew = Crew(tmp_path)
    crew.worker(Queue.LIGHT)
    crew.beat()
    yield crew
    crew.dismiss()
    for process in crew.processes:
        request.node.add_report_section("teardown", process.log_path.name, process.log[-3000:])


@pytest.fixture
def film(tmp_path):
    return clips.film(tmp_path / "film.mp4", size="1280x720", seconds=8)


def encodes_of(worker):
    return [pid for pid in descendants(worker.pid) if program(pid) == "ffmpeg"]


def running(story):
    return Job.objects.filter(group=story.pk, queue=Queue.MEDIA, state=State.RUNNING).first()


def wait_for_an_encode(story, worker):
    wait_until(
        lambda: running(story) is not None and encodes_of(worker),
        timeout_s=60,
        what="an encode",
    )


def wait_for_the_end(story):
    def is_over():
        made = latest_set(story)
        open_jobs = Job.objects.open().filter(group=story.pk).exists()
        return made is not None and made.completed_at is not None and not open_jobs

    wait_until(is_over, timeout_s=120, what="the end of all work")


def is_whole(story):
    assert Story.objects.get(pk=story.pk).status == Status.IN_REVIEW
    renditions = Rendition.objects.filter(set__story=story)
    assert sorted(r.profile for r in renditions) == ["first_look", "poster", "web_480", "web_720"]
    for rendition in renditions:
        with storage.private().open(rendition.key) as file:
            assert hashlib.sha256(file.read()).hexdigest() == rendition.sha256
    done = Job.objects.filter(group=story.pk, state=State.DONE)
    assert sorted(job.kind for job in done) == ["first_look", "probe", "renditions"]
    assert not Job.objects.filter(group=story.pk, state=State.FAILED).exists()


def test_a_worker_killed_in_mid_encode_takes_ffmpeg_along_and_loses_nothing(
    crew, film, rounds, seed
):
    chance = random.Random(seed)  # noqa: S311  Chooses moments, guards nothing.
    for _round in range(rounds):
        worker = crew.worker(Queue.MEDIA)
        story = submitted(film, language="wo")
        wait_for_an_encode(story, worker)
        time.sleep(chance.uniform(0.0, 1.5))

        orphans = encodes_of(worker)
        for pid in [worker.pid, *children_that_are_python(worker)]:
            os.kill(pid, signal.SIGKILL)

        wait_for_the_death_of(orphans)
        survivor = crew.worker(Queue.MEDIA)
        wait_for_the_end(story)
        is_whole(story)
        survivor.kill9()


def test_ffmpeg_killed_in_mid_encode_is_tried_again(crew, film, rounds, seed):
    chance = random.Random(seed)  # noqa: S311  Chooses moments, guards nothing.
    worker = crew.worker(Queue.MEDIA)
    for _round in range(min(rounds, 10)):
        story = submitted(film, language="wo")
        wait_for_an_encode(story, worker)
        time.sleep(chance.uniform(0.0, 1.0))

        for pid in encodes_of(worker):
            os.kill(pid, signal.SIGKILL)

        wait_for_the_end(story)
        is_whole(story)


def children_that_are_python(worker):
    """Celery's own children: ffmpeg is to die by itself."""
    return [pid for pid in descendants(worker.pid) if program(pid) != "ffmpeg"]


def wait_for_the_death_of(encodes):
    wait_until(
        lambda: not any(program(pid) == "ffmpeg" for pid in encodes),
        timeout_s=10,
        what="ffmpeg's end",
    )
