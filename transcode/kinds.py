"""The kinds of work there are, and the two ways for a handler to say that it can't."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.functional import Promise

from transcode.models import Job, Queue
from transcode.work import Work

Handler = Callable[[Work], None]
FailureHook = Callable[[Job], None]


class PermanentFailure(Exception):
    """Trying again would end the same. `code` is stable, `detail` a sentence for people."""

    def __init__(self, code: str, detail: str | Promise) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class Retry(Exception):
    """The world is not ready (disk full, storage away): wait `after_s` and try again.

    Waiting is not the job's fault, so it doesn't use up its attempts: a disk that is full all
    night loses nothing. The row shows `detail` while it waits.
    """

    def __init__(self, code: str, detail: str | Promise, after_s: float = 60) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.after_s = after_s


@dataclass(frozen=True)
class Kind:
    name: str
    queue: Queue
    handler: Handler
    priority: int
    max_attempts: int
    on_failed: FailureHook | None


registry: dict[str, Kind] = {}


def register(
    kind: str,
    *,
    queue: Queue,
    handler: Handler,
    priority: int = 100,
    max_attempts: int = 3,
    on_failed: FailureHook | None = None,
) -> None:
    """Say how work of `kind` is done; call it from `AppConfig.ready()`.

    Lower priorities go first. `max_attempts` counts crashes and killed workers. `on_failed` runs
    in the transaction that marks a job failed, before the job's own row is written.
    """
    registry[kind] = Kind(
        name=kind,
        queue=queue,
        handler=handler,
        priority=priority,
        max_attempts=max_attempts,
        on_failed=on_failed,
    )
