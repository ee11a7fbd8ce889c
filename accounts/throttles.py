"""Counting attempts, so that passwords and codes cannot be tried out.

The counters are in Django's cache. The default one is per process and forgotten on restart: with
n web processes the limits are n times as wide, which codes of 48 bits can bear.
"""

import hashlib
import math
import time
from dataclasses import dataclass
from typing import Final

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import ngettext_lazy

from common.errors import TooManyRequests

TRY_AGAIN: Final = ngettext_lazy(
    "Too many attempts. Wait %(minutes)d minute and try again.",
    "Too many attempts. Wait %(minutes)d minutes and try again.",
    "minutes",
)


@dataclass(frozen=True)
class Limit:
    """At most `times` within a window of `window_s` seconds, counted apart for each key."""

    scope: str
    times: int
    window_s: int = 15 * 60

    def check(self, key: str) -> None:
        """Raises TooManyRequests (with `Retry-After`) when the limit was reached."""
        if cache.get(self._slot(key), 0) >= self.times:
            wait_s = int(self.window_s - time.time() % self.window_s) + 1
            raise TooManyRequests(
                TRY_AGAIN % {"minutes": math.ceil(wait_s / 60)},
                headers={"Retry-After": str(wait_s)},
                retry_after_s=wait_s,
            )

    def count(self, key: str) -> None:
        slot = self._slot(key)
        cache.add(slot, 0, timeout=2 * self.window_s)
        cache.incr(slot)

    def _slot(self, key: str) -> str:
        digest = hashlib.sha256(key.encode()).hexdigest()
        return f"limit:{self.scope}:{digest}:{int(time.time() // self.window_s)}"


# Only failures count: a training room of 30 behind one address gets in, a guesser doesn't.
SIGN_IN_BY_ADDRESS: Final = Limit("sign-in-address", times=60)
# A name at one address: who guesses elsewhere doesn't lock the name's owner out.
SIGN_IN_BY_USERNAME: Final = Limit("sign-in-username", times=10)
# A name from everywhere: against guessing from many addresses, and too many for one address.
SIGN_IN_ANYWHERE: Final = Limit("sign-in-anywhere", times=300)
ENROL_BY_ADDRESS: Final = Limit("enrol-address", times=30)


def address(request: HttpRequest) -> str:
    """The peer's address; behind `TRUSTED_PROXIES` the client's."""
    return str(request.META.get("REMOTE_ADDR", ""))
