"""`kill -9` of the real server in the middle of an upload."""

import contextlib
import hashlib
import random
import threading
import time
import uuid

import httpx
import pytest

from tests.servers import Server
from tests.uploads.make import path_of
from tests.uploads.phones import Phone, make_phone_at
from uploads.models import Status, Upload

pytestmark = pytest.mark.slow

SIZE = 24 * 1024 * 1024
CHUNK = 128 * 1024
LONGEST_ROUND_S = 0.5


@pytest.fixture
def phone(server: Server) -> Phone:
    return make_phone_at(server.url)


def _send_until_it_breaks(
    phone: Phone, upload_id: uuid.UUID, content: bytes, at: int, pause_s: float = 0
) -> None:
    def body():
        for start in range(at, len(content), CHUNK):
            time.sleep(pause_s)
            yield content[start : start + CHUNK]

    with contextlib.suppress(httpx.TransportError):
        phone.send(upload_id, body(), at=at)


def test_killing_the_server_loses_no_byte_that_it_named(server, phone, rounds, seed):
    dice = random.Random(seed)  # noqa: S311  # Repeatable on purpose.
    content = dice.randbytes(SIZE)
    upload_id = phone.declared(content)
    path = path_of(Upload.objects.get(pk=upload_id))
    named = 0
    # So slow that even the last kill comes in the middle.
    pause_s = rounds * LONGEST_ROUND_S / (SIZE // CHUNK)

    for _round in range(rounds):
        sender = threading.Thread(
            target=_send_until_it_breaks, args=(phone, upload_id, content, named, pause_s)
        )
        sender.start()
        time.sleep(dice.uniform(0.05, LONGEST_ROUND_S))
        server.kill9()
        sender.join()
        server.start()
        before, named = named, phone.offset(upload_id)
        assert before <= named <= path.stat().st_size
        assert path.read_bytes()[:named] == content[:named]

    assert 0 < named < SIZE
    _send_until_it_breaks(phone, upload_id, content, named)
    assert phone.state(upload_id)["safe_to_delete"]
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(content).digest()


def test_an_upload_whose_verification_was_killed_is_verified_when_asked_for(server, phone):
    content = b"whole but unverified"
    upload_id = phone.declared(content)
    path_of(Upload.objects.get(pk=upload_id)).write_bytes(content)
    server.kill9()
    server.start()

    response = phone.ask("HEAD", upload_id)

    assert response.headers["upload-verified"] == "sha256"
    assert Upload.objects.get(pk=upload_id).status == Status.COMPLETE
