"""Real workers, killed at random moments as when the power goes, and messages that get lost."""

import os
import random
import signal
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from tests.servers import wait_until
from tests.transcode.crew import Crew
from tests.transcode.job_app.naps import register_kinds
from transcode import jobs, models
from transcode.models import Job, Queue, State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("own_kinds"),
]


@pytest.fixture
def crew(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Crew]:
    register_kinds()
    crew = Crew(tmp_path, DJANGO_SETTINGS_MODULE="tests.transcode.job_settings")
    crew.worker(Queue.LIGHT)
    crew.beat()
    yield crew
    crew.dismiss()
    for process in crew.processes:
        request.node.add_report_section("teardown", process.log_path.name, process.log[-3000:])


def make_nap() -> Job:
    return jobs.enqueue("nap", uuid.uuid4(), group=uuid.uuid4())


def state_of(job: Job) -> str:
    job.refresh_from_db()
    return job.state


def wait_for(job: Job, state: State, *, progress: float = 0.0) -> None:
    wait_until(lambda: state_of(job) == state and job.progress >= progress, what=f"{job} {state}")


def test_a_worker_killed_in_the_middle_of_a_job_loses_and_doubles_nothing(crew, rounds, seed):
    chance = random.Random(seed)  # noqa: S311  Chooses moments, guards nothing.
    crew.worker(Queue.MEDIA)
    crew.worker(Queue.MEDIA)
    for _round in range(rounds):
        job = make_nap()
        wait_for(job, State.RUNNING, progress=chance.choice([0.0, 0.1]))
        time.sleep(chance.uniform(0.0, 0.4))

        crew.holder(job).kill9()
        crew.worker(Queue.MEDIA)

        wait_for(job, State.DONE)
        assert (job.attempts, job.fence, job.progress) == (2, 2, 1.0)
        assert Job.objects.filter(kind="wake", group=job.group).count() == 1


def test_a_killed_child_of_a_worker_is_replaced_and_the_job_done_once(crew, rounds):
    worker = crew.worker(Queue.MEDIA)
    for _round in range(min(rounds, 3)):
        job = make_nap()
        wait_for(job, State.RUNNING)

        kill_child(job)

        wait_for(job, State.DONE)
        assert worker.is_alive
        assert Job.objects.filter(kind="wake", group=job.group).count() == 1


def kill_child(job: Job) -> None:
    os.kill(int(job.worker.rpartition(":")[2]), signal.SIGKILL)


@pytest.mark.usefixtures("bells")
def test_a_job_whose_message_was_lost_is_done_all_the_same(crew):
    crew.worker(Queue.MEDIA)
    wait_until(lambda: models.Worker.objects.filter(queue=Queue.MEDIA).exists(), what="a worker")

    job = make_nap()

    wait_for(job, State.DONE)


def test_a_job_enqueued_while_nobody_listened_is_done_once_somebody_does(crew):
    job = make_nap()
    for message in (settings.BROKER_FOLDER / "messages").glob(f"*.{Queue.MEDIA}.msg"):
        message.unlink()

    crew.worker(Queue.MEDIA)

    wait_for(job, State.DONE)


def test_a_cancelled_job_stops_in_another_process_and_brings_nothing(crew):
    crew.worker(Queue.MEDIA)
    job = make_nap()
    wait_for(job, State.RUNNING)
    jobs.cancel(job.group)

    after = make_nap()
    wait_for(after, State.DONE)

    assert state_of(job) == State.CANCELLED
    assert not Job.objects.filter(kind="wake", group=job.group).exists()
