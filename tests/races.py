"""Several callers at once, each on a database connection of its own."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.db import connection

TIMEOUT_S = 60


def race(*calls: Callable[[], Any], expected: tuple[type[Exception], ...] = ()) -> list[Any]:
    """Start all calls at the same moment; their results in order.

    An exception of an `expected` kind is a result too: somebody has to lose. Any other is raised.
    Needs `django_db(transaction=True)`: other connections see only what was committed.
    """
    start = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            # Connected before the start, or who is slower to connect has lost already.
            connection.ensure_connection()
            start.wait(TIMEOUT_S)
            return call()
        except expected as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls, timeout=TIMEOUT_S))
