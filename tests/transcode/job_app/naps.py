"""Kinds of work that only tests know: a nap takes a second and a half and wants another job."""

import time
import uuid

from transcode.jobs import Queue, Work, enqueue, register

STEPS = 15
STEP_S = 0.1


def nap(work: Work) -> None:
    for step in range(STEPS):
        if work.should_stop():
            return
        time.sleep(STEP_S)
        work.progress(step / STEPS)
    # A new subject each time: a result recorded twice would show as two jobs.
    work.finish(lambda: enqueue("wake", uuid.uuid4(), group=work.job.group))


def wake(work: Work) -> None:
    work.finish(lambda: None)


def register_kinds() -> None:
    register("nap", queue=Queue.MEDIA, handler=nap, max_attempts=5)
    register("wake", queue=Queue.LIGHT, handler=wake)
