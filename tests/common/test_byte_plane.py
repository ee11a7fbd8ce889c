import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from django.db import connections
from django.utils.translation import gettext_lazy as _
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from accounts.models import User
from common.asgi import guarded, in_django, on_disk
from common.errors import Conflict
from tests.common.probe import Probe


class Taken(Conflict):
    code = "taken"
    title = _("French")


@guarded
async def refuse(request: Request) -> Response:
    raise Taken(headers={"Upload-Offset": "7"}, offset=7)


@guarded
async def crash(request: Request) -> Response:
    raise RuntimeError("the secret of the house")


@guarded
async def leave(request: Request) -> Response:
    raise ClientDisconnect


@guarded
async def answer(request: Request) -> Response:
    return PlainTextResponse("here")


ROUTES = {"/refuse": refuse, "/crash": crash, "/leave": leave, "/answer": answer}
APP = Starlette(routes=[Route(path, handler) for path, handler in ROUTES.items()])


def _ask(path: str, **headers: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(APP)
        async with httpx.AsyncClient(transport=transport, base_url="http://house") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_a_problem_becomes_problem_json_with_its_headers():
    response = _ask("/refuse")

    assert response.status_code == 409
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["upload-offset"] == "7"
    assert response.json()["code"] == "taken"
    assert response.json()["offset"] == 7


def test_a_problem_speaks_the_language_that_was_asked_for():
    french = _ask("/refuse", **{"Accept-Language": "fr-SN,fr;q=0.9,en;q=0.1"})
    unknown = _ask("/refuse", **{"Accept-Language": "tlh"})

    assert french.headers["content-language"] == "fr"
    assert unknown.headers["content-language"] == "en"


def test_a_crash_is_a_problem_that_tells_nothing_of_the_inside():
    response = _ask("/crash")

    assert response.status_code == 500
    assert response.json()["code"] == "internal_error"
    assert "secret" not in response.text


def test_a_client_that_left_is_no_error():
    assert _ask("/leave").status_code == 499


def test_an_answer_passes_unchanged():
    assert _ask("/answer").text == "here"


def _all(*calls):
    async def gather():
        return await asyncio.gather(*(call() for call in calls), return_exceptions=True)

    return asyncio.run(gather())


@pytest.mark.django_db(transaction=True)
def test_each_thread_keeps_one_connection_and_there_are_no_more(settings):
    def count() -> object:
        User.objects.count()
        return connections["default"].connection

    used = set(_all(*[lambda: in_django(count)] * 50))

    assert len(used) <= settings.BYTE_PLANE_THREADS


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_is_old_is_closed_after_the_call():
    def use_the_last_time():
        User.objects.count()
        connections["default"].close_at = time.monotonic() - 1
        return connections["default"]

    [used] = _all(lambda: in_django(use_the_last_time))

    assert used.connection is None


def test_database_calls_use_few_threads_and_never_the_event_loop(settings):
    def where() -> int:
        time.sleep(0.01)
        return threading.get_ident()

    threads = set(_all(*[lambda: in_django(where)] * 50))

    assert len(threads) <= settings.BYTE_PLANE_THREADS
    assert threading.get_ident() not in threads


def test_a_slow_disk_does_not_hold_up_the_database(settings):
    disk_answers = threading.Event()

    async def ask() -> int:
        slow = [
            asyncio.create_task(on_disk(disk_answers.wait, 60))
            for _ in range(settings.BYTE_PLANE_THREADS)
        ]
        try:
            return await asyncio.wait_for(in_django(int), 30)
        finally:
            disk_answers.set()
            await asyncio.gather(*slow)

    assert asyncio.run(ask()) == 0


def test_ten_slow_pages_are_served_side_by_side(probe: Probe):
    started = time.monotonic()

    with ThreadPoolExecutor(10) as pool:
        url = f"{probe.url}/slow"
        answers = list(pool.map(lambda _n: httpx.get(url, timeout=20).text, range(10)))

    assert answers == ["done"] * 10
    # One after the other they would take ten seconds.
    assert time.monotonic() - started < 8
