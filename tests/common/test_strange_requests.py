"""What no client of ours sends, over a real line: anybody may try, and nothing of ours fails."""

import base64
import json
import socket

import pytest

from tests.servers import Server


def answer_to(server: Server, head: bytes, body: bytes = b"") -> tuple[int, dict[str, object]]:
    """Status and problem that the server answers to these very bytes."""
    length = b"Content-Length: %d" % len(body)
    lines = [head, b"Host: 127.0.0.1", b"Accept: */*", b"Connection: close", length, b"", body]
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as line:
        line.sendall(b"\r\n".join(lines))
        answer = b"".join(iter(lambda: line.recv(65536), b""))
    start, _blank, problem = answer.partition(b"\r\n\r\n")
    return int(start.split()[1]), json.loads(problem)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_json_that_never_stops_opening(site, opening):
    head = b"POST /api/v1/auth/token HTTP/1.1\r\nContent-Type: application/json"

    status, problem = answer_to(site, head, opening * 100_000)

    assert (status, problem["code"]) == (400, "malformed")


@pytest.mark.parametrize("scheme", [b"Token", b"Device"])
def test_a_token_that_is_no_text(site, scheme):
    head = b"GET /api/v1/me HTTP/1.1\r\nAuthorization: " + scheme + b" \xff"

    assert answer_to(site, head)[0] == 401


@pytest.mark.parametrize("address", [b"/api/v1/programmes?cursor=%00", b"/api/v1/%00/nowhere"])
def test_a_nul_in_the_address(site, address):
    assert answer_to(site, b"GET " + address + b" HTTP/1.1")[0] == 400


def test_a_cursor_tells_a_stranger_nothing(site):
    cursor = base64.b64encode(b"p=xyz")

    assert answer_to(site, b"GET /api/v1/devices?cursor=" + cursor + b" HTTP/1.1")[0] == 401
