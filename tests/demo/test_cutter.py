import contextlib
import http.client
import http.server
import threading

import pytest

from demo.cutter import Cutter


class Listener(http.server.BaseHTTPRequestHandler):
    """Keeps what it hears, also of bodies that break off."""

    heard: list[bytes]

    def do_PATCH(self):
        body = b""
        while len(body) < int(self.headers["Content-Length"]):
            if not (more := self.rfile.read1(65536)):
                break
            body += more
        self.heard.append(body)
        with contextlib.suppress(OSError):
            self.send_response(204)
            self.end_headers()

    def log_message(self, *_args):
        pass


@pytest.fixture
def listener():
    handler = type("OwnListener", (Listener,), {"heard": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def patch(cutter: Cutter, body: bytes) -> int:
    asking = http.client.HTTPConnection("127.0.0.1", cutter.server_address[1], timeout=10)
    with contextlib.closing(asking):
        asking.request("PATCH", "/", body=body)
        return asking.getresponse().status


def test_the_line_breaks_once_in_the_middle_of_a_body(listener):
    with Cutter(listener.server_address[1], after_bytes=150_000) as cutter:
        assert patch(cutter, b"a" * 100_000) == 204
        with pytest.raises((http.client.HTTPException, OSError)):
            patch(cutter, b"b" * 100_000)
        assert patch(cutter, b"c" * 100_000) == 204

    heard = listener.RequestHandlerClass.heard
    assert [len(body) for body in heard] == [100_000, 50_000, 100_000]
    assert cutter.has_cut


def test_it_counts_the_bodies_bytes_that_it_carried(listener):
    with Cutter(listener.server_address[1], after_bytes=1_000_000) as cutter:
        patch(cutter, b"a" * 70_000)
        patch(cutter, b"b" * 7)

    assert cutter.carried == 70_007
    assert not cutter.has_cut
