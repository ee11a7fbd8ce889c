import threading
import time
import uuid
from datetime import timedelta
from functools import partial

import pytest
from django.db import Error, transaction
from django.utils import timezone

from tests.races import race
from tests.transcode.jobbing import finish, in_thread, make_job, make_kind, nothing
from transcode import jobs, kinds, leases
from transcode.leases import Lease, LeaseLost
from transcode.models import Job, Queue, State
from transcode.work import Work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own_kinds", "bells")]


def claim(worker: str = "w") -> Work:
    job = leases.claim(Queue.MEDIA, list(kinds.registry), worker=worker)
    assert job is not None
    return Work(job, Lease(job, worker=worker))


def much_later():
    return timezone.now() + timedelta(hours=1)


def test_an_expired_lease_is_taken_back_and_counts_as_an_attempt():
    job = make_job()
    claim()

    assert jobs.sweep() == 0
    assert jobs.sweep(now=much_later()) == 1

    job.refresh_from_db()
    assert (job.state, job.attempts, job.lease_until) == (State.DUE, 1, None)


def test_a_job_whose_workers_keep_dying_fails_with_that_reason():
    told: list[Job] = []
    job = make_job(max_attempts=2, on_failed=told.append)

    for _attempt in range(2):
        claim()
        jobs.sweep(now=much_later())

    job.refresh_from_db()
    assert (job.state, job.reason_code, len(told)) == (State.FAILED, "worker_died", 1)


def test_a_hook_that_breaks_keeps_no_other_lease_from_being_swept():
    def breaks(job: Job) -> None:
        raise LookupError

    make_job(max_attempts=1, on_failed=breaks)
    healthy = make_job()
    claim()
    claim()

    assert jobs.sweep(now=much_later()) == 1

    healthy.refresh_from_db()
    assert healthy.state == State.DUE


def test_a_late_result_is_refused_and_leaves_nothing_behind():
    job = make_job()
    slow = claim("slow")
    jobs.sweep(now=much_later())
    quick = claim("quick")

    with pytest.raises(LeaseLost):
        slow.finish(lambda: make_job())
    quick.finish(nothing)

    job.refresh_from_db()
    assert (job.state, job.fence, job.worker.split(":")[0]) == (State.DONE, 2, "quick")
    assert Job.objects.count() == 1


def test_what_was_recorded_is_rolled_back_when_the_claim_is_lost_while_recording():
    job = make_job()
    work = claim()

    def record() -> None:
        make_job()
        jobs.cancel(job.group)

    with pytest.raises(LeaseLost):
        work.finish(record)

    assert Job.objects.count() == 1
    assert not work.finished


def test_a_result_for_a_cancelled_job_is_refused():
    job = make_job()
    work = claim()
    jobs.cancel(job.group)

    with pytest.raises(LeaseLost):
        work.finish(nothing)

    job.refresh_from_db()
    assert job.state == State.CANCELLED


def test_a_handler_whose_job_was_taken_back_neither_fails_nor_ends_it():
    def handler(work: Work) -> None:
        Job.objects.filter(pk=work.job.id).update(state=State.DUE, fence=work.job.fence + 1)
        raise jobs.PermanentFailure("killed", "ffmpeg was killed.")

    job = make_job(handler)

    assert jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert (job.state, job.reason_code) == (State.DUE, "")


@pytest.mark.django_db(transaction=True)
def test_a_job_longer_than_its_lease_keeps_it(settings):
    settings.JOB_LEASE_S = 4
    started = threading.Event()

    def handler(work: Work) -> None:
        started.set()
        time.sleep(9)
        assert not work.should_stop()
        finish(work)

    job = make_job(handler)
    with in_thread(lambda: jobs.run_next(Queue.MEDIA)) as thread:
        assert started.wait(30)
        taken = 0
        while thread.is_alive():
            taken += jobs.sweep()
            time.sleep(0.05)

    job.refresh_from_db()
    assert (job.state, job.attempts, taken) == (State.DONE, 1, 0)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_cannot_renew_presumes_its_lease_lost(settings, monkeypatch):
    settings.JOB_LEASE_S = 1
    held = threading.Event()

    def unreachable(self: Lease) -> bool:
        raise Error

    monkeypatch.setattr(Lease, "_renew", unreachable)

    def handler(work: Work) -> None:
        deadline = time.monotonic() + 25
        while not work.should_stop() and time.monotonic() < deadline:
            time.sleep(0.02)
        if work.should_stop():
            held.set()

    job = make_job(handler)
    jobs.run_next(Queue.MEDIA)

    job.refresh_from_db()
    assert held.is_set()
    assert job.state == State.RUNNING


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_gets_a_job(rounds):
    """Fails within a round or two when the conditional UPDATE becomes a read and a write."""
    kind = make_kind()
    for _round in range(rounds * 4):
        job = make_job(kind=kind)

        claims = race(*[lambda: leases.claim(Queue.MEDIA, [kind], worker="w")] * 16)

        assert [claimed.pk for claimed in claims if claimed] == [job.pk]
        job.refresh_from_db()
        assert (job.fence, job.attempts) == (1, 1)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_workers_do_each_job_once(rounds):
    done: list[uuid.UUID] = []
    kind = make_kind(lambda work: work.finish(lambda: done.append(work.job.id)))
    wanted = {make_job(kind=kind).pk for _ in range(rounds * 10)}

    def work_off() -> None:
        while jobs.run_next(Queue.MEDIA):
            pass

    assert race(*[work_off] * 8) == [None] * 8

    assert len(done) == len(wanted)
    assert set(done) == wanted


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_many_who_want_the_same_work_get_one_job(rounds):
    kind = make_kind()
    for _round in range(rounds * 4):
        want = partial(jobs.enqueue, kind, uuid.uuid4(), group=uuid.uuid4())

        made = race(*[want] * 8)

        assert len({job.pk for job in made}) == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_a_result_and_a_withdrawal_that_meet_never_block_each_other(rounds):
    """Both lock the story (here another job's row) before the job; see `leases.settle`."""
    story = make_job(queue=Queue.LIGHT)
    kind = make_kind()

    def lock_story() -> None:
        Job.objects.select_for_update().get(pk=story.pk)
        time.sleep(0.02)

    def withdraw(group: uuid.UUID) -> None:
        with transaction.atomic():
            lock_story()
            jobs.cancel(group)

    for _round in range(rounds * 4):
        job = make_job(kind=kind)
        work = claim()

        errors = race(
            partial(work.finish, lock_story),
            partial(withdraw, job.group),
            expected=(LeaseLost,),
        )

        job.refresh_from_db()
        lost = isinstance(errors[0], LeaseLost)
        assert (errors[0] is None or lost, errors[1]) == (True, None)
        assert job.state == (State.CANCELLED if lost else State.DONE)
