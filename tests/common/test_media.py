import asyncio
import json
import os
from pathlib import Path

import httpx
import pytest
from django.utils import timezone

from common import media
from common.errors import NotFound
from tests.common.probe import CONTENT, Probe
from tests.servers import wait_until


@pytest.fixture
def store(probe) -> Path:
    return Path(probe.env["MAM_STORE"])


def _url(pk: object = 1, *, viewer: str = "user:1", ttl_s: int | None = None) -> str:
    return media.url("probe", pk, use="review", viewer=viewer, ttl_s=ttl_s)


def _get(probe: Probe, url: str, **headers: str) -> httpx.Response:
    return httpx.get(probe.url + url, headers={k.replace("_", "-"): v for k, v in headers.items()})


def test_the_whole_file_with_what_keeps_it_private(probe):
    response = _get(probe, _url())

    assert response.status_code == 200
    assert response.content == CONTENT
    assert response.headers["cache-control"] == "private, no-store"
    assert response.headers["referrer-policy"] == "no-referrer"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-type"] == "video/mp4"
    assert response.headers["content-disposition"] == 'inline; filename="story.mp4"'


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-", 0, 10240),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-99999", 10000, 10240),
        ("bytes=-40", 10200, 10240),
        ("bytes=-99999", 0, 10240),
    ],
)
def test_a_range_is_answered_with_exactly_its_bytes(probe, asked, start, end):
    response = _get(probe, _url(), Range=asked)

    assert response.status_code == 206
    assert response.content == CONTENT[start:end]
    assert response.headers["content-range"] == f"bytes {start}-{end - 1}/10240"


@pytest.mark.parametrize("asked", ["bytes=10240-", "bytes=-0", "bytes=20000-30000"])
def test_a_range_beyond_the_end_names_the_size(probe, asked):
    response = _get(probe, _url(), Range=asked)

    assert response.status_code == 416
    assert response.headers["content-range"] == "bytes */10240"
    assert response.json()["code"] == "range_not_satisfiable"


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,5-9", "lines=1-2", "bytes=-", "bytes=9-1", "bytes=x-"]
)
def test_other_ranges_are_ignored(probe, asked):
    response = _get(probe, _url(), Range=asked)

    assert response.status_code == 200
    assert response.content == CONTENT


def test_if_range_resumes_only_the_same_content(probe):
    same = _get(probe, _url(), Range="bytes=5-9", If_Range='"v1"')
    other = _get(probe, _url(), Range="bytes=5-9", If_Range='"v0"')

    assert (same.status_code, same.content) == (206, CONTENT[5:10])
    assert (other.status_code, other.content) == (200, CONTENT)


def test_head_says_the_same_without_the_bytes(probe):
    response = httpx.head(probe.url + _url())

    assert response.status_code == 200
    assert response.headers["content-length"] == "10240"
    assert response.headers["accept-ranges"] == "bytes"
    assert response.content == b""


def test_a_forged_address_is_refused(probe):
    forged = _url()[:-3] + "abc"

    response = _get(probe, forged)

    assert response.status_code == 403
    assert response.json()["code"] == "media_url_invalid"


def test_an_old_address_is_refused(probe):
    url = _url(ttl_s=0)

    response = _get(probe, url)

    assert response.status_code == 403
    assert response.json()["code"] == "media_url_expired"


def test_what_was_withdrawn_after_the_address_was_made_is_refused(probe, store):
    url = _url()
    (store / "withdrawn").touch()

    try:
        response = _get(probe, url)
    finally:
        (store / "withdrawn").unlink()

    assert response.status_code == 403
    assert CONTENT[:16] not in response.content


def test_an_address_speaks_for_its_viewer_only(probe):
    response = _get(probe, _url(viewer="user:2"))

    assert response.status_code == 403


def test_a_file_that_is_missing_is_a_problem_and_not_a_crash(probe):
    response = _get(probe, _url(404))

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_an_address_names_no_storage_key_and_the_log_no_address(probe):
    url = _url()

    response = _get(probe, url)

    assert "probe/1" not in url + str(response.headers)
    assert url.removeprefix("/media/")[:20] not in probe.log
    lines = [json.loads(line) for line in probe.log.splitlines() if line.startswith("{")]
    assert any(line.get("route") == "/media/{token}" for line in lines)


def test_memory_does_not_grow_with_the_file(probe, store):
    with (store / "probe" / "300").open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    before = probe.rss_bytes
    peak = received = 0

    with httpx.stream("GET", probe.url + _url(300)) as response:
        for chunk in response.iter_raw(1024 * 1024):
            received += len(chunk)
            peak = max(peak, probe.rss_bytes)

    assert received == 300 * 1024 * 1024
    assert peak - before < 40 * 1024 * 1024


def test_a_viewer_who_leaves_lets_the_file_go(probe, store):
    with (store / "probe" / "long").open("wb") as file:
        file.truncate(300 * 1024 * 1024)

    with httpx.stream("GET", probe.url + _url("long")) as response:
        next(response.iter_raw())

    wait_until(lambda: not _has_open(probe, "probe/long"), timeout_s=5, what="the file's end")


def _has_open(probe: Probe, name: str) -> bool:
    links = Path(f"/proc/{probe.pid}/fd").iterdir()
    return any(str(link.readlink()).endswith(name) for link in links if os.path.lexists(link))


def test_two_owners_for_one_kind_are_a_mistake_that_shows_at_start():
    def one(claim: media.Claim) -> media.Servable:
        raise NotImplementedError

    def other(claim: media.Claim) -> media.Servable:
        raise NotImplementedError

    media.register("test-owners", one)

    with pytest.raises(ValueError, match="two owners"):
        media.register("test-owners", other)


def test_what_is_being_sent_breaks_off_when_it_is_not_allowed_any_more(monkeypatch):
    answers = iter([None, NotFound()])

    def authorise(_claim):
        if refusal := next(answers):
            raise refusal

    async def chunks():
        for _number in range(10):
            yield b"x"

    async def received():
        got = []
        try:
            async for chunk in media._while_allowed(claim, chunks()):
                got.append(chunk)
        except media.NoLongerAllowed:
            return got

    monkeypatch.setattr(media, "ASK_AGAIN_S", -1.0)
    monkeypatch.setitem(media._kinds, "breaking", authorise)
    claim = media.Claim("breaking", "1", "review", "user:1", timezone.now())

    assert asyncio.run(received()) == [b"x"]
