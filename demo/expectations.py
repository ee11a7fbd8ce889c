"""What the demo expects of the service, and how long it waits for it."""

import time


class Unexpected(Exception):
    """The demo cannot go on; the message says what happened instead, for people."""


def expect(fulfilled: object, otherwise: str) -> None:
    """Raises `Unexpected` with the sentence `otherwise` unless `fulfilled` is true."""
    if not fulfilled:
        raise Unexpected(otherwise)


class Patience:
    """Waits as long as anything moves, so that long films need no other limit than short ones."""

    PAUSE_S = 0.4

    def __init__(self, *, idle_s: float, what: str) -> None:
        self.idle_s = idle_s
        self.what = what
        self._sign: object = None
        self._moved_at = time.monotonic()

    def wait(self, sign: object) -> None:
        """Pause; raises `Unexpected` when `sign` has been the same for `idle_s` seconds."""
        now = time.monotonic()
        if sign != self._sign:
            self._sign, self._moved_at = sign, now
        expect(
            now - self._moved_at < self.idle_s, f"{self.what}: nothing moved for {self.idle_s} s"
        )
        time.sleep(self.PAUSE_S)
