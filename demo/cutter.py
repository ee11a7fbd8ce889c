"""A line that breaks: a proxy on loopback that cuts the connection once, in the middle."""

import contextlib
import socket
import socketserver
import threading
import time
from types import TracebackType
from typing import Final, Self

BUFFER_BYTES: Final = 16 * 1024
# A lost radio link goes quiet before anybody calls it broken. A line that breaks with its last byte
# is something else: web servers forget what they have received and not yet handed on.
QUIET_S: Final = 0.5
END_OF_HEAD: Final = b"\r\n\r\n"


class Cutter(socketserver.ThreadingTCPServer):
    """Carries connections to `port` of this machine; cuts once `after_bytes` of bodies passed.

    The connection that carries that byte goes quiet, then both its ends are closed; connections
    that come later pass. It takes each connection for one request, which is how tuspy makes them.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, *, after_bytes: int) -> None:
        self.target = ("127.0.0.1", port)
        self.after_bytes = after_bytes
        self.carried = 0
        self.has_cut = False
        self._counting = threading.Lock()
        super().__init__(("127.0.0.1", 0), _Line)

    @property
    def url(self) -> str:
        """Origin, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def allow(self, count: int) -> int:
        """How many of the next `count` bytes may pass; fewer than `count` once: at the cut."""
        with self._counting:
            left = self.after_bytes - self.carried
            if not self.has_cut and count > left:
                self.has_cut, count = True, left
            self.carried += count
            return count

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self.server_close()


class _Line(socketserver.BaseRequestHandler):
    server: Cutter
    request: socket.socket

    def handle(self) -> None:
        with socket.create_connection(self.server.target) as house:
            answers = threading.Thread(target=self._carry_answers, args=(house,), daemon=True)
            answers.start()
            if self._carry_request(house):
                answers.join()
            else:
                time.sleep(QUIET_S)
                _close(self.request)
                _close(house)

    def _carry_request(self, house: socket.socket) -> bool:
        """False when the line was cut."""
        head = b""
        while END_OF_HEAD not in head:
            received = _received(self.request)
            if not received:
                return self._ended(house)
            head += received
        head, _end, body = head.partition(END_OF_HEAD)
        house.sendall(head + END_OF_HEAD)
        return self._carry_body(body, house)

    def _carry_body(self, body: bytes, house: socket.socket) -> bool:
        while body or (body := _received(self.request)):
            allowed = self.server.allow(len(body))
            house.sendall(body[:allowed])
            if allowed < len(body):
                return False
            body = b""
        return self._ended(house)

    @staticmethod
    def _ended(house: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            house.shutdown(socket.SHUT_WR)
        return True

    def _carry_answers(self, house: socket.socket) -> None:
        # Whichever end goes first, the other hears of it and ends its own half.
        with contextlib.suppress(OSError):
            while answer := _received(house):
                self.request.sendall(answer)
        _close(self.request)


def _received(end: socket.socket) -> bytes:
    try:
        return end.recv(BUFFER_BYTES)
    except OSError:
        return b""


def _close(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
