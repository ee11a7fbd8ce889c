"""Kombu's filesystem transport, made safe for several processes that start and write at once.

Kombu writes a message in place, so a reader may take it while it is empty, and two processes that
declare the first queue read each other's half-written table: either ends a worker.
"""

import fcntl
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty
from typing import Any

import structlog
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

# As loud as it gets: without a worker, the sweep would fill the folder a message at a time.
ENOUGH_UNREAD = 100

log = structlog.get_logger(__name__)


def options(folder: Path) -> dict[str, Any]:
    """Return the transport options for `folder`, which is created."""
    parts = {name: folder / name for name in ("messages", "taken", "control")}
    for part in parts.values():
        part.mkdir(parents=True, exist_ok=True, mode=0o700)
    return {
        "data_folder_in": str(parts["messages"]),
        "data_folder_out": str(parts["messages"]),
        "processed_folder": str(parts["taken"]),
        "control_folder": str(parts["control"]),
        "polling_interval": 0.1,
    }


class Channel(filesystem.Channel):
    # Kombu's types disagree about the second argument between its own two classes.
    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        if self._size(queue) >= ENOUGH_UNREAD:
            log.warning("broker_queue_full", queue=queue)
            return
        name = f"{uuid.uuid4()}.{queue}.msg"
        draft = Path(self.processed_folder) / name
        draft.write_text(dumps(payload))
        draft.rename(Path(self.data_folder_out) / name)

    def _get(self, queue: str, timeout: float | None = None) -> Any:
        for waiting in sorted(Path(self.data_folder_in).glob(f"*.{queue}.msg"), key=_age):
            taken = Path(self.processed_folder) / waiting.name
            try:
                waiting.rename(taken)
                return loads(taken.read_text())
            except FileNotFoundError:
                continue  # Another worker was faster.
            except ValueError:
                log.warning("broker_message_unreadable", queue=queue)
            finally:
                taken.unlink(missing_ok=True)
        raise Empty

    def get_table(self, exchange: str) -> Any:
        with self._alone():
            return super().get_table(exchange)

    def _queue_bind(self, *binding: Any) -> None:
        with self._alone():
            super()._queue_bind(*binding)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with (self.control_folder / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _age(message: Path) -> float:
    try:
        return message.stat().st_mtime
    except FileNotFoundError:
        return 0.0


class Transport(filesystem.Transport):
    Channel = Channel
