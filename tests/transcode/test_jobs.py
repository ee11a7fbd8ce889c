import errno
import threading
import time
import uuid
from collections import defaultdict
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.utils import timezone

from audit.models import Entry
from tests.servers import wait_until
from tests.transcode.jobbing import finish, in_thread, make_job, make_kind, raising
from transcode import endings, jobs, leases, sweeping, workers
from transcode.models import Job, Queue, State, Worker

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds", "bells")]


class Person:
    audit_name = "user:1"


def seconds_to_wait(job: Job) -> float:
    return (job.not_before - timezone.now()).total_seconds() if job.not_before else 0


@pytest.fixture
def fast_looks(monkeypatch):
    monkeypatch.setattr(leases, "LOOK_EVERY_S", 0.05)


def test_the_most_urgent_job_is_done_first_and_of_equals_the_oldest():
    done: list[uuid.UUID] = []

    def note(work: jobs.Work) -> None:
        done.append(work.job.id)
        finish(work)

    kind = make_kind(note)
    late, early = make_job(kind=kind, priority=50), make_job(kind=kind, priority=50)
    Job.objects.filter(pk=early.pk).update(created_at=timezone.now() - timedelta(hours=1))
    urgent = make_job(kind=kind, priority=1)

    while jobs.run_next(Queue.MEDIA):
        pass

    assert done == [urgent.pk, early.pk, late.pk]


def test_a_finished_job_says_who_did_it_and_when():
    job = make_job()

    assert jobs.run_next(Queue.MEDIA, worker="media@here")

    job.refresh_from_db()
    assert (job.state, job.progress, job.attempts) == (State.DONE, 1.0, 1)
    assert job.worker.startswith("media@here:")
    assert job.started_at
    assert job.ended_at
    assert job.started_at <= job.ended_at
    assert Worker.objects.get().queue == Queue.MEDIA


def test_nothing_is_done_for_another_queue_or_before_its_time():
    later = timezone.now() + timedelta(minutes=1)
    jobs.enqueue(make_kind(), uuid.uuid4(), group=uuid.uuid4(), not_before=later)
    make_job(queue=Queue.SPEECH)

    assert not jobs.run_next(Queue.MEDIA)


def test_a_job_of_a_kind_nobody_here_knows_is_left_for_those_who_do():
    job = make_job()
    Job.objects.filter(pk=job.pk).update(kind="tomorrow's")

    assert not jobs.run_next(Queue.MEDIA)


def test_wanting_the_same_work_twice_makes_one_job():
    kind, subject, group = make_kind(), uuid.uuid4(), uuid.uuid4()

    first = jobs.enqueue(kind, subject, group=group)
    second = jobs.enqueue(kind, subject, group=group)

    assert first.pk == second.pk
    assert Job.objects.count() == 1


def test_work_that_has_ended_can_be_wanted_again():
    kind, subject, group = make_kind(), uuid.uuid4(), uuid.uuid4()
    first = jobs.enqueue(kind, subject, group=group)
    jobs.run_next(Queue.MEDIA)

    second = jobs.enqueue(kind, subject, group=group)

    assert first.pk != second.pk


def test_the_bell_rings_when_the_transaction_commits(django_capture_on_commit_callbacks, bells):
    with django_capture_on_commit_callbacks(execute=True):
        make_job(queue=Queue.SPEECH)
        assert bells == []

    assert bells == [Queue.SPEECH]


def test_a_worker_that_starts_rings_for_its_idle_colleagues(bells):
    make_job()
    make_job()

    jobs.run_next(Queue.MEDIA)
    jobs.run_next(Queue.MEDIA)

    assert bells == [Queue.MEDIA]


def test_what_failed_for_good_tells_its_kind_and_says_why():
    told: list[tuple[str, str]] = []
    refusal = jobs.PermanentFailure("not_a_video", "This file is not a video.")
    job = make_job(raising(refusal), on_failed=lambda j: told.append((j.state, j.reason_code)))

    jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert (job.state, job.reason) == (State.FAILED, "This file is not a video.")
    assert told == [(State.FAILED, "not_a_video")]
    assert job.ended_at


def test_a_failure_whose_consequences_cannot_be_written_is_not_written_either():
    def breaks(job: Job) -> None:
        raise LookupError

    job = make_job(raising(jobs.PermanentFailure("bad", "Bad.")), on_failed=breaks)

    with pytest.raises(LookupError):
        jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert job.state == State.RUNNING


def test_a_failure_hook_may_cancel_the_rest_of_its_group():
    group = uuid.uuid4()
    refusal = raising(jobs.PermanentFailure("bad", "Bad."))
    failing = make_job(
        refusal, group=group, priority=1, on_failed=lambda j: jobs.cancel(group, spare=j.pk)
    )
    other = make_job(group=group)

    jobs.run_next(Queue.MEDIA)

    failing.refresh_from_db()
    other.refresh_from_db()
    assert (failing.state, other.state) == (State.FAILED, State.CANCELLED)


def test_a_crash_is_tried_again_after_a_while_and_then_fails():
    told: list[Job] = []
    job = make_job(raising(ValueError("oops")), max_attempts=2, on_failed=told.append)

    jobs.run_next(Queue.MEDIA)
    job.refresh_from_db()
    waiting = (job.state, job.reason_code, seconds_to_wait(job) > 0)
    Job.objects.update(not_before=None)
    jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert waiting == (State.DUE, "internal", True)
    assert (job.state, job.reason_code, job.attempts) == (State.FAILED, "internal", 2)
    assert len(told) == 1


def test_what_a_crash_says_stays_out_of_the_log(caplog):
    make_job(raising(ValueError("the storyteller said this")))

    jobs.run_next(Queue.MEDIA)

    assert "job_crashed" in caplog.text
    assert "the storyteller said this" not in caplog.text


def test_a_handler_that_forgets_to_finish_has_not_done_its_job():
    job = make_job(lambda work: None)

    jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert (job.state, job.reason_code) == (State.DUE, "internal")


def test_the_back_off_doubles_up_to_a_quarter_of_an_hour():
    assert 5 <= endings.back_off_s(1) <= 10
    assert 20 <= endings.back_off_s(3) <= 40
    assert 450 <= endings.back_off_s(30) <= 900


def test_a_full_disk_waits_with_a_reason_however_often():
    job = make_job(raising(OSError(errno.ENOSPC, "No space left on device")), max_attempts=2)

    for _round in range(3):
        Job.objects.update(not_before=None)
        jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert (job.state, job.reason_code, job.attempts) == (State.DUE, "disk_full", 0)
    assert "disk is full" in job.reason
    assert seconds_to_wait(job) > 30


def test_a_job_waits_as_long_as_its_handler_asks():
    job = make_job(raising(jobs.Retry("store_away", "The store is away.", after_s=600)))

    jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert (job.state, job.reason) == (State.DUE, "The store is away.")
    assert seconds_to_wait(job) > 590


def test_failed_work_is_retried_as_a_new_job_and_the_old_one_stays():
    job = make_job(raising(jobs.PermanentFailure("bad", "Bad.")))
    jobs.run_next(Queue.MEDIA)
    job.refresh_from_db()

    again = jobs.retry(job, by=Person())

    assert (again.state, again.subject, again.attempts) == (State.DUE, job.subject, 0)
    assert jobs.retry(job, by=Person()).pk == again.pk
    assert "user:1" in Entry.objects.filter(subject=f"job:{job.pk}").values_list("actor", flat=True)


def test_work_that_has_not_failed_is_not_retried():
    with pytest.raises(jobs.JobNotFailed):
        jobs.retry(make_job(), by=Person())


def test_cancelling_a_group_leaves_other_groups_and_what_has_ended():
    group = uuid.uuid4()
    ended = make_job(group=group)
    jobs.run_next(Queue.MEDIA)
    waiting, other = make_job(group=group), make_job()

    assert jobs.cancel(group) == 1

    states = dict(Job.objects.values_list("pk", "state"))
    assert states == {ended.pk: State.DONE, waiting.pk: State.CANCELLED, other.pk: State.DUE}


@pytest.mark.django_db(transaction=True)
def test_a_running_handler_notices_within_two_seconds_that_it_was_cancelled():
    running, stopped = threading.Event(), threading.Event()

    def handler(work: jobs.Work) -> None:
        running.set()
        while not work.should_stop():
            time.sleep(0.02)
        stopped.set()

    job = make_job(handler)
    with in_thread(lambda: jobs.run_next(Queue.MEDIA)):
        assert running.wait(30)
        jobs.cancel(job.group)
        assert stopped.wait(10)

    job.refresh_from_db()
    assert (job.state, job.lease_until) == (State.CANCELLED, None)


@pytest.mark.django_db(transaction=True)
def test_progress_never_goes_back_within_an_attempt_or_in_the_next(fast_looks):
    seen: list[float] = []

    def handler(work: jobs.Work) -> None:
        work.progress(0.6 if work.job.attempts == 1 else 0.1)
        wait_until(lambda: Job.objects.get().progress > 0, what="the first look")
        work.progress(0.05)
        time.sleep(0.3)
        seen.append(Job.objects.get().progress)
        work.progress(7.0)
        raise ValueError

    make_job(handler)
    jobs.run_next(Queue.MEDIA)
    Job.objects.update(not_before=None)
    jobs.run_next(Queue.MEDIA)

    assert seen == [0.6, 0.6]


def test_the_database_refuses_a_second_open_job_for_the_same_work():
    job = make_job()

    with pytest.raises(IntegrityError, match="kind"):
        Job.objects.create(queue=job.queue, kind=job.kind, subject=job.subject, group=job.group)


@pytest.mark.parametrize(
    "impossible",
    [
        {"state": State.RUNNING},
        {"state": State.RUNNING, "worker": "w"},
        {"state": State.DONE},
        {"progress": 1.5},
        {"progress": -0.1},
    ],
)
def test_the_database_refuses_impossible_rows(impossible):
    job = make_job()

    with pytest.raises(IntegrityError, match="job_"):
        Job.objects.filter(pk=job.pk).update(**impossible)


def test_the_sweep_rings_for_due_rows_that_nobody_rang_for(bells):
    make_job()
    make_job(queue=Queue.SPEECH)

    jobs.sweep()

    assert sorted(bells) == [Queue.MEDIA, Queue.SPEECH]


def test_a_broken_chore_keeps_no_other_from_running(monkeypatch):
    swept: list[str] = []

    def breaks() -> None:
        raise LookupError

    monkeypatch.setattr(sweeping, "_chores", [])
    jobs.every_sweep(breaks)
    jobs.every_sweep(lambda: swept.append("uploads"))

    jobs.sweep()

    assert swept == ["uploads"]


def test_the_workers_are_healthy_when_each_queue_has_one_that_was_heard_of():
    for queue in Queue.values:
        workers.touch(f"{queue}@here", [queue])
    all_there = workers.workers_health()
    long_ago = timezone.now() - timedelta(minutes=1)
    Worker.objects.filter(queue=Queue.SPEECH).update(seen_at=long_ago)

    one_silent = workers.workers_health()

    assert all_there.ok
    assert not one_silent.ok
    assert "speech" in one_silent.detail


def test_a_worker_without_what_it_needs_says_so(monkeypatch, bells):
    def no_model() -> None:
        raise workers.Unready("The Whisper model is missing.")

    monkeypatch.setattr(workers, "_checks", defaultdict(list))
    workers.on_worker_start(Queue.SPEECH, no_model)

    workers.started("all@here", [Queue.SPEECH, Queue.LIGHT])
    workers.touch("all@here", [Queue.SPEECH])

    assert Worker.objects.get(queue=Queue.SPEECH).state == Worker.State.UNREADY
    assert Worker.objects.get(queue=Queue.LIGHT).state == Worker.State.READY
    assert "The Whisper model is missing." in workers.workers_health().detail
    assert bells == [Queue.SPEECH, Queue.LIGHT]


@pytest.mark.django_db(transaction=True)
def test_a_worker_is_ready_once_what_it_lacked_has_come(monkeypatch, bells):
    lacking = ["the model"]

    def look() -> None:
        if lacking:
            raise workers.Unready("The Whisper model is missing.")

    monkeypatch.setattr(workers, "_checks", defaultdict(list))
    workers.on_worker_start(Queue.SPEECH, look)
    workers.started("all@here", [Queue.SPEECH])
    workers.pulse("all@here", [Queue.SPEECH])
    still = Worker.objects.get().state

    lacking.clear()
    workers.pulse("all@here", [Queue.SPEECH])

    assert still == Worker.State.UNREADY
    assert (Worker.objects.get().state, Worker.objects.get().detail) == (Worker.State.READY, "")
    assert bells == [Queue.SPEECH, Queue.SPEECH]


def test_a_ready_worker_is_not_looked_at_with_every_pulse(monkeypatch, bells):
    looks: list[str] = []
    monkeypatch.setattr(workers, "_checks", defaultdict(list))
    workers.on_worker_start(Queue.SPEECH, lambda: looks.append("first"))
    workers.started("all@here", [Queue.SPEECH])

    workers.pulse("all@here", [Queue.SPEECH])

    assert looks == ["first"]
