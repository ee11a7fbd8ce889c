"""Whose word is taken for the address that a request came from."""

import asyncio

import httpx
import pytest

from config.asgi import behind
from consent.withdrawal import WRONG_SLIPS
from tests.environment import BASE_DIR


def address_seen(*, proxies, peer):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope["client"][0])

    headers = [(b"x-forwarded-for", b"192.0.2.1, 198.51.100.7")]
    scope = {"type": "http", "scheme": "http", "client": (peer, 1), "headers": headers}

    async def ask():
        await behind(proxies, app)(scope, nothing, nothing)

    asyncio.run(ask())
    return seen[0]


async def nothing(*message):
    raise RuntimeError("nobody reads or writes here")


@pytest.mark.parametrize(
    ("proxies", "peer", "address"),
    [
        ([], "127.0.0.1", "127.0.0.1"),
        (["127.0.0.1"], "127.0.0.1", "198.51.100.7"),
        (["127.0.0.1"], "203.0.113.9", "203.0.113.9"),
    ],
)
def test_only_a_proxy_that_was_named_is_believed(proxies, peer, address):
    assert address_seen(proxies=proxies, peer=peer) == address


def test_the_procfile_does_not_let_uvicorn_believe_everybody_here():
    web = (BASE_DIR / "Procfile").read_text().splitlines()[0]

    assert "--no-proxy-headers" in web


@pytest.mark.slow
@pytest.mark.parametrize(("proxies", "last"), [("", 429), ("127.0.0.1", 404)])
def test_a_guesser_does_not_choose_the_address(house, proxies, last):
    house.env["MAM_TRUSTED_PROXIES"] = proxies
    url = f"{house.start_web().url}/api/v1/withdrawals"

    for number in range(WRONG_SLIPS.times + 1):
        guess = {"slip_code": f"{number:012}"}
        answer = httpx.post(url, json=guess, headers={"X-Forwarded-For": f"192.0.2.{number}"})

    assert answer.status_code == last
