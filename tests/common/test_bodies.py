"""Django's plane takes no more than a page or an API call carries, whoever asks."""

import asyncio
import json
import socket

import pytest

from common.bodies import BoundedBodies
from tests.servers import Server

pytestmark = pytest.mark.filterwarnings("error")


def calling(app, *, headers=(), messages=()):
    """Answer of `app` as (status, body), given these request messages."""
    sent, waiting = [], list(messages)

    async def receive():
        if not waiting:
            await asyncio.sleep(60)
        return waiting.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "headers": [*headers]}
    asyncio.run(app(scope, receive, send))
    return sent[0]["status"], sent[1]["body"]


async def reading(scope, receive, send):
    """Reads the whole body first, as Django does."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message["body"])
        more = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(size).encode()})


def part(body, *, more):
    return {"type": "http.request", "body": body, "more_body": more}


def test_what_a_page_sends_comes_through():
    app = BoundedBodies(reading, max_bytes=10)

    answer = calling(app, messages=[part(b"12345", more=True), part(b"67890", more=False)])

    assert answer == (200, b"10")


def test_a_body_that_is_declared_too_large_is_refused_unread():
    app = BoundedBodies(reading, max_bytes=10)

    status, body = calling(app, headers=[(b"content-length", b"11")])

    assert (status, json.loads(body)["code"]) == (413, "too_large")


def test_a_body_that_declares_nothing_is_counted():
    app = BoundedBodies(reading, max_bytes=10)

    status, body = calling(app, messages=[part(b"1234567", more=True)] * 2)

    assert (status, json.loads(body)["code"]) == (413, "too_large")


def test_a_body_that_dribbles_in_is_given_up():
    app = BoundedBodies(reading, max_bytes=10, deadline_s=0.2)

    status, body = calling(app, messages=[part(b"1", more=True)])

    assert (status, json.loads(body)["code"]) == (408, "too_slow")


@pytest.mark.slow
def test_nobody_fills_the_disk_through_an_address_that_is_not_there(house):
    server: Server = house.start_web()
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as line:
        line.sendall(
            b"POST /api/v1/nope HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            b"Content-Type: application/json\r\nContent-Length: 104857600\r\n\r\n" + b"x" * 65536
        )

        answer = line.recv(65536)

    assert answer.startswith(b"HTTP/1.1 413")
