"""What the job engine's tests share: kinds of work, and threads that race."""

import threading
import uuid
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from django.db import connection

from transcode import jobs
from transcode.models import Job, Queue


def nothing() -> None:
    """Recorded by a job that has nothing to record."""


def finish(work: jobs.Work) -> None:
    work.finish(nothing)


def raising(error: Exception) -> Callable[[jobs.Work], None]:
    def handler(work: jobs.Work) -> None:
        raise error

    return handler


def make_kind(handler: Callable[[jobs.Work], None] = finish, **options: Any) -> str:
    """Register a kind of a name of its own; see the `own_kinds` fixture."""
    name = f"kind-{uuid.uuid4()}"
    jobs.register(name, **{"queue": Queue.MEDIA, "handler": handler, **options})
    return name


def make_job(
    handler: Callable[[jobs.Work], None] = finish,
    *,
    kind: str = "",
    group: uuid.UUID | None = None,
    priority: int | None = None,
    **options: Any,
) -> Job:
    return jobs.enqueue(
        kind or make_kind(handler, **options),
        uuid.uuid4(),
        group=group or uuid.uuid4(),
        priority=priority,
    )


@contextmanager
def in_thread(call: Callable[[], object]):
    """Run `call` beside the test, with a database connection of its own; joined at the end."""

    def run() -> None:
        try:
            call()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield thread
    finally:
        thread.join(30)
