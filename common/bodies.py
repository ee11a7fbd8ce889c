"""A limit on what Django's requests may carry.

Django under ASGI writes a whole body to disk before any view, and so any check, has seen the
request: without this, anybody could fill the disk. Recordings don't come this way.
"""

import asyncio
import json
import time
from typing import Final

from django.utils.translation import gettext_lazy as _
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.errors import CONTENT_TYPE, Problem

# The largest transcript that may be sent, and room for a form around it.
MAX_BYTES: Final = 12 * 1024 * 1024
DEADLINE_S: Final = 60.0


class BodyTooLarge(Problem):
    status = 413
    code = "too_large"
    title = _("The request carries too much; send recordings by resumable upload")


class BodyTooSlow(Problem):
    status = 408
    code = "too_slow"
    title = _("The request took too long to arrive; send it again")


class BoundedBodies:
    """Wraps an ASGI app; a body over `max_bytes` or later than `deadline_s` is refused."""

    def __init__(
        self, app: ASGIApp, *, max_bytes: int = MAX_BYTES, deadline_s: float = DEADLINE_S
    ) -> None:
        self.app = app
        self.max_bytes = max_bytes
        self.deadline_s = deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if _declared(scope) > self.max_bytes:
            await _refuse(BodyTooLarge(), send)
            return
        try:
            await self.app(scope, self._bounded(receive), send)
        except (BodyTooLarge, BodyTooSlow) as refusal:
            await _refuse(refusal, send)

    def _bounded(self, receive: Receive) -> Receive:
        received, is_whole, ends_at = 0, False, time.monotonic() + self.deadline_s

        async def bounded() -> Message:
            nonlocal received, is_whole
            # After the body Django goes on listening, for as long as the answer takes.
            if is_whole:
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, ends_at - time.monotonic()))
            except TimeoutError as error:
                raise BodyTooSlow from error
            received += len(message.get("body", b""))
            is_whole = not message.get("more_body", False)
            if received > self.max_bytes:
                raise BodyTooLarge
            return message

        return bounded


def _declared(scope: Scope) -> int:
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    return max((int(value) for value in lengths if value.isdigit()), default=0)


async def _refuse(refusal: Problem, send: Send) -> None:
    body = json.dumps(refusal.body()).encode()
    headers = [
        (b"content-type", CONTENT_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
