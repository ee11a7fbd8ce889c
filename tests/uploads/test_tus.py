import io
import os
import time
import uuid
from contextlib import closing

import httpx
import pytest

from accounts import devices
from accounts.models import Device
from tests.accounts.make import make_phone, make_user
from tests.servers import Server, wait_until
from tests.uploads.make import path_of
from tests.uploads.phones import PATH, Phone, encoded, make_phone_at, metadata
from uploads.models import Status, Upload

CONTENT = os.urandom(300_000)


def _stored(upload_id: uuid.UUID) -> bytes:
    return path_of(Upload.objects.get(pk=upload_id)).read_bytes()


def test_the_public_client_uploads_and_the_phone_may_then_delete(phone):
    upload_id = uuid.uuid4()

    phone.tuspy(io.BytesIO(CONTENT), upload_id=upload_id, chunk_size=64_000).upload()

    upload = Upload.objects.get(pk=upload_id)
    assert upload.status == Status.COMPLETE
    assert upload.content_type == "video/mp4"
    assert (path_of(upload).parents[2] / upload.content_key).read_bytes() == CONTENT
    assert phone.state(upload_id) == {
        "id": str(upload_id),
        "status": "complete",
        "failure_code": "",
        "offset": 300_000,
        "length": 300_000,
        "sha256_verified": True,
        "safe_to_delete": True,
    }


def test_the_public_client_resumes_after_a_cut_in_the_middle(phone):
    upload_id = phone.declared(CONTENT)
    phone.cut(upload_id, CONTENT[:123_456], at=0, announced=len(CONTENT))

    url = f"{phone.url}{PATH}/{upload_id}"
    client = phone.tuspy(io.BytesIO(CONTENT), upload_id=upload_id, url=url)
    resumed_at = client.offset
    client.upload()

    assert resumed_at == 123_456
    assert _stored(upload_id) == CONTENT
    assert phone.state(upload_id)["safe_to_delete"]


def test_a_phone_that_was_enrolled_anew_goes_on_where_the_old_one_stopped(phone):
    upload_id = phone.declared(CONTENT)
    phone.cut(upload_id, CONTENT[:100_000], at=0, announced=len(CONTENT))
    old = Device.objects.get()
    devices.revoke(old, by=make_user())
    _device, token = make_phone(programme=old.programme, collector=old.collector)
    anew = Phone(phone.url, token)

    declared_again = anew.declare(CONTENT, upload_id)
    sent = anew.send(upload_id, CONTENT[100_000:], at=100_000)

    assert declared_again.headers["upload-offset"] == "100000"
    assert sent.headers["upload-verified"] == "sha256"
    assert phone.ask("HEAD", upload_id).status_code == 401


def test_another_collectors_phone_neither_goes_on_nor_declares_it(phone):
    upload_id = phone.declared(CONTENT)
    _device, token = make_phone(programme=Device.objects.get().programme)
    stranger = Phone(phone.url, token)

    assert stranger.ask("HEAD", upload_id).status_code == 404
    assert stranger.send(upload_id, CONTENT, at=0).status_code == 404
    assert stranger.declare(CONTENT, upload_id).status_code == 409


def test_options_say_what_is_spoken_to_anybody(phone, settings):
    response = httpx.options(phone.url + PATH)

    assert response.status_code == 204
    assert response.headers["tus-version"] == "1.0.0"
    assert response.headers["tus-resumable"] == "1.0.0"
    assert response.headers["tus-max-size"] == str(settings.UPLOAD_MAX_BYTES)
    assert set(response.headers["tus-extension"].split(",")) >= {"creation", "termination"}


@pytest.mark.parametrize("headers", [{"Tus-Resumable": "0.2.2"}, {"Tus-Resumable": ""}])
def test_another_version_is_refused_before_anything_is_done(phone, headers):
    response = phone.ask("POST", headers={**headers, "Upload-Length": "5"})

    assert response.status_code == 412
    assert response.headers["tus-version"] == "1.0.0"
    assert response.json()["code"] == "tus_version_unsupported"


@pytest.mark.parametrize("method", ["POST", "HEAD", "GET", "PATCH", "DELETE"])
def test_a_method_in_a_header_needs_the_token_as_much(phone, method):
    upload_id = phone.declared(CONTENT)
    stranger = Phone(phone.url, "no-token-of-ours")

    answers = [
        stranger.ask(real, upload_id, headers={"X-HTTP-Method-Override": method})
        for real in ("POST", "OPTIONS", "GET")
    ]

    refused = {405} if method == "POST" else {401}
    assert {answer.status_code for answer in answers} <= {*refused, 400, 415}
    assert phone.offset(upload_id) == 0


def test_a_proxy_that_knows_only_post_is_no_obstacle(phone):
    upload_id = phone.declared(b"tunnel")

    response = phone.ask(
        "POST",
        upload_id,
        content=b"tunnel",
        headers={
            "X-HTTP-Method-Override": "PATCH",
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": "0",
        },
    )

    assert response.status_code == 204
    assert phone.state(upload_id)["status"] == "complete"


def test_head_names_length_offset_and_expiry_and_is_never_cached(phone):
    upload_id = phone.declared(CONTENT)
    phone.send(upload_id, CONTENT[:1000], at=0)

    response = phone.ask("HEAD", upload_id)

    assert response.status_code == 200
    assert response.headers["upload-offset"] == "1000"
    assert response.headers["upload-length"] == "300000"
    assert response.headers["cache-control"] == "no-store"
    assert "upload-expires" in response.headers
    assert response.headers["upload-metadata"] == encoded(metadata(CONTENT, upload_id))


def test_a_file_name_is_never_stored(phone):
    upload_id = uuid.uuid4()

    phone.declare(CONTENT, upload_id, filename="Fatou Sarr.mp4")

    row = str(Upload.objects.filter(pk=upload_id).values().get())
    assert "Fatou" not in row


@pytest.mark.parametrize("method", ["POST", "HEAD", "PATCH", "DELETE", "GET"])
@pytest.mark.parametrize("authorization", ["", "Device wrong", "Token x", "Device"])
def test_without_a_phones_token_there_is_nothing(phone, method, authorization):
    upload_id = "" if method == "POST" else phone.declared(CONTENT)

    response = phone.ask(
        method,
        upload_id,
        headers={
            "Authorization": authorization,
            "Content-Type": "application/offset+octet-stream",
            "Upload-Offset": "0",
        },
    )

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Device"


@pytest.mark.parametrize("method", ["HEAD", "PATCH", "DELETE", "GET"])
def test_another_phones_upload_looks_like_none(phone, method):
    upload_id = phone.declared(CONTENT)
    other = make_phone_at(phone.url)
    headers = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}

    theirs = other.ask(method, upload_id, headers=headers)
    nobodys = other.ask(method, uuid.uuid4(), headers=headers)

    assert theirs.status_code == nobodys.status_code == 404
    assert theirs.content == nobodys.content
    assert phone.offset(upload_id) == 0


def test_declaring_again_gives_the_same_upload_with_its_state(phone):
    upload_id = uuid.uuid4()
    first = phone.declare(CONTENT, upload_id)
    phone.send(upload_id, CONTENT[:1000], at=0)

    again = phone.declare(CONTENT, upload_id)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["location"] == again.headers["location"] == f"{PATH}/{upload_id}"
    assert again.headers["upload-offset"] == "1000"
    assert Upload.objects.count() == 1


def test_other_content_under_the_same_id_is_a_conflict(phone):
    upload_id = phone.declared(CONTENT)

    longer = phone.declare(CONTENT + b"!", upload_id)
    other = phone.declare(CONTENT[::-1], upload_id)
    other_phone = make_phone_at(phone.url).declare(CONTENT, upload_id)

    for response in (longer, other, other_phone):
        assert response.status_code == 409
        assert response.json()["code"] == "upload_conflict"


def test_a_file_over_the_limit_is_refused_before_a_byte(phone, settings):
    response = phone.declare(CONTENT, length=str(settings.UPLOAD_MAX_BYTES + 1))

    assert response.status_code == 413
    assert response.json()["code"] == "upload_too_large"
    assert response.json()["max_bytes"] == settings.UPLOAD_MAX_BYTES
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("length", "code"),
    [("0", "upload_empty"), ("-1", "upload_length_invalid"), ("", "upload_length_invalid")],
)
def test_a_length_that_cannot_be_is_refused(phone, length, code):
    response = phone.declare(CONTENT, length=length)

    assert response.status_code == 400
    assert response.json()["code"] == code


@pytest.mark.parametrize("changes", [{"sha256": "abc"}, {"sha256": ""}, {"id": "42"}])
def test_incomplete_metadata_is_refused_with_what_to_do(phone, changes):
    response = phone.declare(CONTENT, **changes)

    assert response.status_code == 400
    assert response.json()["code"] == "upload_metadata_invalid"
    assert "Upload-Metadata" in response.json()["detail"]


def test_a_length_to_be_told_later_is_refused(phone):
    response = phone.ask("POST", headers={"Upload-Defer-Length": "1"})

    assert response.status_code == 400
    assert response.json()["code"] == "upload_length_deferred"


def test_a_wrong_offset_changes_nothing_and_names_the_right_one(phone):
    upload_id = phone.declared(CONTENT)
    phone.send(upload_id, CONTENT[:1000], at=0)

    response = phone.send(upload_id, CONTENT[500:2000], at=500)

    assert response.status_code == 409
    assert response.headers["upload-offset"] == "1000"
    assert _stored(upload_id) == CONTENT[:1000]


def test_a_body_of_another_type_is_refused(phone):
    upload_id = phone.declared(CONTENT)

    response = phone.ask("PATCH", upload_id, content=b"x", headers={"Upload-Offset": "0"})

    assert response.status_code == 415


def test_more_bytes_than_declared_are_refused(phone):
    upload_id = phone.declared(CONTENT)

    response = phone.send(upload_id, CONTENT + b"more", at=0)

    assert response.status_code == 413
    assert response.json()["code"] == "upload_beyond_length"
    assert phone.state(upload_id)["status"] == "receiving"


def test_more_bytes_than_declared_are_refused_when_nobody_announced_them(phone):
    upload_id = phone.declared(b"short")

    response = phone.send(upload_id, iter([b"short", b"and more"]), at=0)

    assert response.status_code == 413
    assert _stored(upload_id) == b"short"


def test_a_file_that_is_not_what_was_declared_never_counts_as_sent(phone):
    upload_id = phone.declared(CONTENT)
    damaged = b"?" + CONTENT[1:]

    response = phone.send(upload_id, damaged, at=0)

    assert response.status_code == 422
    assert response.json()["code"] == "checksum_mismatch"
    state = phone.state(upload_id)
    assert (state["status"], state["failure_code"]) == ("failed", "checksum_mismatch")
    assert not state["safe_to_delete"]
    assert _stored(upload_id) == damaged
    assert phone.ask("HEAD", upload_id).status_code == 422


def test_a_length_that_is_never_reached_stays_receiving(phone):
    upload_id = phone.declared(CONTENT)

    response = phone.send(upload_id, CONTENT[:-1], at=0)

    assert response.status_code == 204
    assert "upload-verified" not in response.headers
    assert phone.state(upload_id)["status"] == "receiving"


def test_the_last_answer_may_get_lost(phone):
    upload_id = phone.declared(CONTENT)
    first = phone.send(upload_id, CONTENT, at=0)

    replay = phone.send(upload_id, CONTENT, at=0)

    assert first.headers["upload-verified"] == "sha256"
    assert replay.status_code == 409
    assert replay.headers["upload-offset"] == "300000"
    assert phone.offset(upload_id) == 300_000
    assert Upload.objects.get(pk=upload_id).status == Status.COMPLETE


def test_a_phone_gives_up_an_unfinished_upload(phone):
    upload_id = phone.declared(CONTENT)
    phone.send(upload_id, CONTENT[:1000], at=0)
    path = path_of(Upload.objects.get(pk=upload_id))

    response = phone.ask("DELETE", upload_id)

    assert response.status_code == 204
    assert not path.exists()
    assert phone.ask("HEAD", upload_id).status_code == 410
    assert phone.declare(CONTENT, upload_id).json()["code"] == "upload_terminated"


def test_a_phone_cannot_take_back_what_is_complete(phone):
    upload_id = phone.declared(CONTENT)
    phone.send(upload_id, CONTENT, at=0)

    response = phone.ask("DELETE", upload_id)

    assert response.status_code == 409
    assert response.json()["code"] == "upload_complete"
    assert _stored(upload_id) == CONTENT


def test_a_slow_phone_has_its_bytes_durable_within_a_second_or_two(phone):
    upload_id = phone.declared(CONTENT)

    with closing(phone.begin(upload_id, b"", at=0, announced=len(CONTENT))) as wire:
        wire.sendall(CONTENT[:10])
        started = time.monotonic()
        wait_until(lambda: phone.offset(upload_id) == 10, timeout_s=20, what="ten bytes")

        took_s = time.monotonic() - started

    # The body never ended; a buffer of 256 KiB would have waited for it.
    assert took_s < 15


def test_no_room_is_said_at_the_start(server: Server):
    server.stop()
    server.env["MAM_UPLOAD_RESERVE_BYTES"] = str(2**62)
    phone = make_phone_at(server.start().url)

    response = phone.declare(CONTENT)

    assert response.status_code == 507
    assert response.json()["code"] == "storage_full"
    assert not Upload.objects.exists()


def test_the_log_holds_no_token_and_no_file_name(shared_server: Server, phone: Phone):
    upload_id = uuid.uuid4()
    phone.declare(CONTENT, upload_id, filename="Fatou Sarr.mp4")
    phone.send(upload_id, CONTENT, at=0)

    assert "/api/v1/uploads" in shared_server.log
    assert phone.token not in shared_server.log
    assert "Fatou" not in shared_server.log


def test_an_unknown_method_is_refused_with_those_that_exist(phone):
    response = phone.ask("PUT", phone.declared(CONTENT))

    assert response.status_code == 405
    assert "PATCH" in response.headers["allow"]
