"""The service's real processes, one object each: `Server` (web), `Worker`, `Beat`."""

import atexit
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.environment import BASE_DIR
from tests.programs import free_port

START_TIMEOUT_S = 60


def wait_until(condition: Callable[[], bool], *, timeout_s: float = 30, what: str = "") -> None:
    """Return as soon as `condition()` is true; raises TimeoutError naming `what` otherwise."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what or condition}")
        time.sleep(0.05)


def child_environment(**changes: str) -> dict[str, str]:
    """This process's environment as a service would have it, with `changes`."""
    # Playwright's loop forces the tests to allow it; in the service it would hide mistakes.
    kept = {key: value for key, value in os.environ.items() if key != "DJANGO_ALLOW_ASYNC_UNSAFE"}
    return {**kept, "PYTHONUNBUFFERED": "1", **changes}


def descendants(pid: int) -> list[int]:
    """Pids below `pid`, children before grandchildren; empty once it is gone."""
    try:
        # A thread may start processes too, so every task of the process is asked.
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        children = [int(word) for t in tasks for word in (t / "children").read_text().split()]
    except FileNotFoundError:
        return []
    return children + [below for child in children for below in descendants(child)]


def program(pid: int) -> str:
    """Name of the program that `pid` runs, such as "ffmpeg"; empty once it is gone."""
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


class Process:
    """One process of the service, writing its output to `log_path`; a context manager."""

    def __init__(self, *arguments: str, env: Mapping[str, str], log_path: Path) -> None:
        self.arguments = arguments
        self.env = dict(env)
        self.log_path = log_path
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise RuntimeError("not started")
        return self._popen.pid

    @property
    def is_alive(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    @property
    def log(self) -> str:
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def start(self) -> Self:
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as log:
            self._popen = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                cwd=BASE_DIR,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # For a test session that ends before its fixtures do.
        atexit.register(self.kill9)
        return self

    def running(self, name: str) -> list[int]:
        """Pids of the programs called `name` (such as "ffmpeg") that it has started."""
        return [pid for pid in descendants(self.pid) if program(pid) == name]

    def stop(self, *, timeout_s: float = 15) -> None:
        """Ask it to end, as the operating system would, and make sure that it does."""
        if self.is_alive and self._popen is not None:
            self._popen.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(timeout_s)
        self.kill9()

    def kill9(self) -> None:
        """SIGKILL for it and all that it started, as when the power goes; waits for its end."""
        if self._popen is None:
            return
        atexit.unregister(self.kill9)
        # Asked before it dies: orphans are nobody's children.
        doomed = [self.pid, *descendants(self.pid)] if self.is_alive else []
        for pid in doomed:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._popen.wait()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class Server(Process):
    """uvicorn on a free loopback port; `start` returns once it answers."""

    def __init__(self, *, env: Mapping[str, str], log_path: Path, port: int | None = None) -> None:
        self.port = port or free_port()
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        super().__init__(
            "uvicorn",
            "config.asgi:application",
            *address,
            "--no-access-log",
            "--no-proxy-headers",
            env=env,
            log_path=log_path,
        )

    @property
    def url(self) -> str:
        """Origin, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        super().start()
        wait_until(self._answers_or_died, timeout_s=START_TIMEOUT_S, what="the web server")
        if not self.is_alive:
            raise RuntimeError(f"the web server did not start:\n{self.log[-4000:]}")
        return self

    def _answers_or_died(self) -> bool:
        return not self.is_alive or self._answers()

    def _answers(self) -> bool:
        asking = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            asking.request("GET", "/healthz")
            asking.getresponse()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            asking.close()
        return True


class Worker(Process):
    """A Celery worker for one queue, as in the Procfile.

    `start` doesn't wait for it: what is rung meanwhile waits in the broker.
    """

    def __init__(self, queue: str, *, env: Mapping[str, str], log_path: Path) -> None:
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "WARNING"]
        name = ["-Q", queue, "-c", "1", "-n", f"{queue}-{free_port()}@%h"]
        super().__init__(
            "celery", "-q", "-A", "config", "worker", *name, *quiet, env=env, log_path=log_path
        )


class Beat(Process):
    """Celery's clock, as in the Procfile; its schedule file lies in `MAM_VAR`."""

    def __init__(self, *, env: Mapping[str, str], log_path: Path) -> None:
        super().__init__(
            "celery", "-q", "-A", "config", "beat", "-l", "WARNING", env=env, log_path=log_path
        )
