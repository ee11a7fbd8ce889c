"""Connections that hang, and requests that no longer own their upload."""

import os
import socket
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from functools import partial

import pytest

from accounts import devices
from accounts.models import Device
from tests.accounts.make import make_user
from tests.servers import Server, wait_until
from tests.uploads.make import path_of
from tests.uploads.phones import Phone
from uploads.models import Status, Upload

CONTENT = os.urandom(500_000)


@pytest.fixture
def second_server(shared_server: Server) -> Iterator[Server]:
    """Another process of the same house."""
    log = shared_server.log_path.with_name("web-2.log")
    with Server(env=shared_server.env, log_path=log) as running:
        yield running


@pytest.fixture
def upload_id(phone: Phone) -> uuid.UUID:
    return phone.declared(CONTENT)


def _stored(upload_id: uuid.UUID) -> bytes:
    return path_of(Upload.objects.get(pk=upload_id)).read_bytes()


def _is_closed(wire: socket.socket) -> bool:
    wire.settimeout(0.05)
    try:
        return wire.recv(65536) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def test_a_hanging_request_does_not_hold_up_the_offset(phone, upload_id):
    with closing(phone.begin(upload_id, CONTENT[:300_000], at=0, announced=500_000)):
        wait_until(lambda: phone.offset(upload_id) == 300_000, what="the bytes")
        started = time.monotonic()
        offset = phone.offset(upload_id)

    assert offset == 300_000
    # Who waits for the hanging request waits until the client gives up, after 30 s.
    assert time.monotonic() - started < 5


def test_the_next_request_takes_over_from_one_that_hangs(phone, upload_id):
    with closing(phone.begin(upload_id, CONTENT[:300_000], at=0, announced=500_000)) as hanging:
        wait_until(lambda: phone.offset(upload_id) == 300_000, what="the bytes")

        response = phone.send(upload_id, CONTENT[300_000:], at=300_000)

        assert response.status_code == 204
        wait_until(lambda: _is_closed(hanging), what="the older request's end")
    assert _stored(upload_id) == CONTENT
    assert phone.state(upload_id)["safe_to_delete"]


def test_the_next_request_takes_over_in_another_process_too(phone, second_server):
    content = os.urandom(1_000_000)
    upload_id = phone.declared(content)
    elsewhere = Phone(second_server.url, phone.token)
    with closing(phone.begin(upload_id, content[:300_000], at=0, announced=1_000_000)) as hanging:
        wait_until(lambda: phone.offset(upload_id) == 300_000, what="the bytes")
        with closing(elsewhere.begin(upload_id, b"", at=300_000, announced=700_000)) as newer:
            wait_until(lambda: _is_fenced(upload_id, 2), what="the takeover")
            newer.sendall(content[300_000:900_000])
            wait_until(lambda: phone.offset(upload_id) > 550_000, what="the newer bytes")
            # More than a buffer, so that it is written at once if it is written at all.
            hanging.sendall(b"?" * 600_000)
            wait_until(lambda: _is_closed(hanging), what="the older request's end")
            newer.sendall(content[900_000:])
            wait_until(lambda: phone.state(upload_id)["status"] != "receiving", what="the end")

    assert phone.state(upload_id)["status"] == "complete"
    assert _stored(upload_id) == content


def _is_fenced(upload_id: uuid.UUID, number: int) -> bool:
    path = path_of(Upload.objects.get(pk=upload_id))
    return int.from_bytes(path.with_name(f"{path.name}.fence").read_bytes(), "big") == number


def test_a_revoked_phone_is_stopped_in_the_middle_and_its_bytes_stay(phone, upload_id):
    device = Device.objects.get()
    with closing(phone.begin(upload_id, CONTENT[:300_000], at=0, announced=500_000)) as wire:
        wait_until(lambda: phone.offset(upload_id) == 300_000, what="the bytes")
        devices.revoke(device, by=make_user())
        started = time.monotonic()
        wait_until(lambda: b"token_revoked" in _read(wire), what="the refusal")

    assert time.monotonic() - started < 12
    assert phone.ask("HEAD", upload_id).status_code == 401
    assert _stored(upload_id) == CONTENT[:300_000]
    assert Upload.objects.get(pk=upload_id).status == Status.RECEIVING


def _read(wire: socket.socket) -> bytes:
    wire.settimeout(0.2)
    try:
        return wire.recv(65536)
    except TimeoutError:
        return b""


def test_giving_up_stops_a_request_that_is_still_sending(phone, upload_id):
    with closing(phone.begin(upload_id, CONTENT[:300_000], at=0, announced=500_000)) as wire:
        wait_until(lambda: phone.offset(upload_id) == 300_000, what="the bytes")

        response = phone.ask("DELETE", upload_id)

        assert response.status_code == 204
        wait_until(lambda: _is_closed(wire), what="the request's end")
    assert not path_of(Upload.objects.get(pk=upload_id)).exists()


def test_what_arrived_right_before_a_cut_is_kept(phone, upload_id, rounds):
    for number in range(rounds):
        at = number * 1000
        wire = phone.begin(upload_id, b"", at=at, announced=len(CONTENT) - at)
        wait_until(partial(_is_fenced, upload_id, number + 1), what="the request")
        wire.sendall(CONTENT[at : at + 1000])
        wire.close()
        wait_until(partial(_has_offset, phone, upload_id, at + 1000), what="the bytes")

    assert _stored(upload_id) == CONTENT[: rounds * 1000]


def _has_offset(phone: Phone, upload_id: uuid.UUID, offset: int) -> bool:
    return phone.offset(upload_id) == offset


def test_many_cuts_lose_nothing_that_had_arrived(phone, upload_id, rounds):
    step = len(CONTENT) // (rounds + 1)
    for number in range(rounds):
        at = number * step
        phone.cut(upload_id, CONTENT[at : at + step], at=at, announced=len(CONTENT) - at)

    response = phone.send(upload_id, CONTENT[rounds * step :], at=rounds * step)

    assert response.headers["upload-verified"] == "sha256"
