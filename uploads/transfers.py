"""Bytes on their way: one `Transfer` a PATCH, and the watch over all of a process's transfers.

What arrives is written through: a transfer holds at most FLUSH_BYTES, and none for longer than a
second. Thousands of slow phones so cost a few kilobytes each.
"""

import asyncio
from typing import Final
from uuid import UUID

from django.db import Error as DatabaseError
from django.utils.translation import gettext_lazy as _
from starlette.requests import ClientDisconnect
from starlette.types import Receive
from structlog import get_logger

from common.asgi import in_django, on_disk
from common.errors import Problem, ServerError
from uploads import ledger
from uploads.models import Upload
from uploads.stores import ASK_AGAIN, Superseded, Writer

FLUSH_BYTES: Final = 256 * 1024
WATCH_EVERY_S: Final = 1.0

log = get_logger()


class BeyondLength(Problem):
    status = 413
    code = "upload_beyond_length"
    title = _("More bytes came than were declared")


class Transfer:
    """Moves one request's body into the store until it ends, is refused, or is taken over."""

    def __init__(self, upload: Upload, writer: Writer) -> None:
        self.upload_id, self.fence, self._length = upload.pk, upload.fence, upload.length
        self._writer = writer
        self._buffer = bytearray()
        self._buffered_from = self._accepted_to = writer.offset
        self._flushing = asyncio.Lock()
        self._refusal: Problem | None = None
        self._pump: asyncio.Task[None] | None = None

    async def run(self, receive: Receive) -> None:
        """Returns when the body ended and all of it is durable.

        Raises ClientDisconnect, BeyondLength, StorageFull, or the problem given to `stop`; what
        arrived before is kept and durable then too, unless a newer request owns the upload.
        """
        try:
            if self._refusal is None:
                self._pump = asyncio.create_task(self._receive(receive))
                await self._pump
        except asyncio.CancelledError:
            if self._refusal is None:
                raise
        finally:
            await self._settle()
        if self._refusal:
            raise self._refusal

    def stop(self, refusal: Problem) -> None:
        """End the transfer from outside; `run` raises `refusal`."""
        self._refusal = self._refusal or refusal
        if self._pump:
            self._pump.cancel()

    async def flush(self) -> None:
        """Write what is buffered. A flush that was begun is finished even when its caller is
        cancelled: no write may be under way when the writer is closed."""
        writing = asyncio.create_task(self._write_buffered())
        writing.add_done_callback(_retrieve)
        await asyncio.shield(writing)

    async def _write_buffered(self) -> None:
        async with self._flushing:
            data, at = bytes(self._buffer), self._buffered_from
            if not data:
                return
            self._buffer.clear()
            self._buffered_from += len(data)
            await on_disk(self._writer.write, data, at=at)

    async def _receive(self, receive: Receive) -> None:
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            more = message.get("more_body", False)
            self._accept(message.get("body", b""))
            if len(self._buffer) >= FLUSH_BYTES:
                await self.flush()

    def _accept(self, body: bytes) -> None:
        room = self._length - self._accepted_to
        self._buffer += body[:room]
        self._accepted_to += len(body[:room])
        if len(body) > room:
            raise BeyondLength(_("Declare the file anew with its right length."))

    async def _settle(self) -> None:
        try:
            if not isinstance(self._refusal, Superseded):
                await self.flush()
            await on_disk(self._writer.sync)
        finally:
            await on_disk(self._writer.close)


def _retrieve(done: "asyncio.Task[None]") -> None:
    """Who was cancelled while it waited will not ask for the error any more."""
    if not done.cancelled():
        done.exception()


class Watch:
    """Knows this process's open transfers. While there are any, it flushes them and asks once a
    second, in one query, which of them must stop."""

    def __init__(self) -> None:
        self._open: dict[UUID, Transfer] = {}
        self._task: asyncio.Task[None] | None = None

    def give_way(self, upload_id: UUID, *, to: int) -> None:
        """Stop this process's transfer of the upload if its fence is older than `to`."""
        older = self._open.get(upload_id)
        if older and older.fence < to:
            older.stop(Superseded(ASK_AGAIN))
            self.discard(older)

    def add(self, transfer: Transfer) -> None:
        self.give_way(transfer.upload_id, to=transfer.fence)
        self._open[transfer.upload_id] = transfer
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())

    def discard(self, transfer: Transfer) -> None:
        if self._open.get(transfer.upload_id) is transfer:
            del self._open[transfer.upload_id]

    async def _run(self) -> None:
        while self._open:
            await asyncio.sleep(WATCH_EVERY_S)
            await asyncio.gather(*map(self._flush, tuple(self._open.values())))
            await self._ask()

    async def _flush(self, transfer: Transfer) -> None:
        try:
            await transfer.flush()
        except Problem as exc:
            transfer.stop(exc)
        except OSError as exc:
            log.warning("upload_flush_failed", upload=str(transfer.upload_id), errno=exc.errno)
            transfer.stop(ServerError())

    async def _ask(self) -> None:
        fences = {pk: transfer.fence for pk, transfer in self._open.items()}
        try:
            refusals = await in_django(ledger.refusals, fences)
        except DatabaseError:
            # The fence in the store still holds; a database that is away must not stop the bytes.
            log.warning("upload_watch_without_database", transfers=len(fences))
            return
        for pk, refusal in refusals.items():
            transfer = self._open.get(pk)
            if transfer and transfer.fence == fences[pk]:
                transfer.stop(refusal)


watch: Final = Watch()
