"""From "every byte is durable" to "verified": the moment from which a phone may delete its copy."""

import asyncio
from uuid import UUID

from common.asgi import in_django, on_disk
from uploads import ledger
from uploads.models import Upload
from uploads.stores import store

_running: dict[UUID, "asyncio.Task[Upload]"] = {}


async def finish(upload: Upload, *, sha256: str | None = None) -> Upload:
    """Verify a whole upload and conclude it; `sha256` is the digest if it is already known.

    Requests that ask at once share one reading of the file. It goes on when the client leaves.
    """
    task = _running.get(upload.pk)
    if task is None:
        task = asyncio.create_task(_finish(upload, sha256))
        _running[upload.pk] = task
        task.add_done_callback(lambda _done: _running.pop(upload.pk))
    return await asyncio.shield(task)


async def _finish(upload: Upload, sha256: str | None) -> Upload:
    content_key = await on_disk(store().seal, upload.pk)
    if sha256 is None:
        sha256 = await on_disk(store().sha256, upload.pk)
    return await in_django(ledger.conclude, upload, sha256=sha256, content_key=content_key)


def finish_now(upload: Upload) -> Upload:
    """The same for a worker: blocks while it reads the whole file."""
    content_key = store().seal(upload.pk)
    digest = store().sha256(upload.pk)
    return ledger.conclude(upload, sha256=digest, content_key=content_key)
