"""The service as `make run` starts its web process, in this run's own folder."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.core.management import call_command

from bench.contest import NotComparable
from bench.environment import BASE_DIR, VAR

START_TIMEOUT_S: Final = 60


@dataclass(frozen=True)
class Server:
    port: int
    pid: int

    @property
    def resident_bytes(self) -> int:
        """Memory that it has now."""
        return self._status("VmRSS")

    @property
    def peak_bytes(self) -> int:
        """The most memory that it ever had."""
        return self._status("VmHWM")

    @property
    def cpu_s(self) -> float:
        """User and system time that it has spent since it started."""
        # proc(5): the program's name, in brackets, may hold spaces; times are fields 14 and 15.
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _status(self, name: str) -> int:
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def migrate() -> None:
    call_command("migrate", verbosity=0)


@contextmanager
def serving() -> Iterator[Server]:
    """The web process on a free port of loopback, once it answers; gone at the end."""
    port = _free_port()
    process = _started(port)
    try:
        _wait(process, port)
        yield Server(port=port, pid=process.pid)
    finally:
        process.terminate()
        process.wait()


def _started(port: int) -> "subprocess.Popen[bytes]":
    app = ("uvicorn", "config.asgi:application", "--host", "127.0.0.1", "--port", str(port))
    with (VAR / "web.log").open("ab") as log:
        return subprocess.Popen(  # noqa: S603  # Our own words.
            [sys.executable, "-m", *app, "--no-access-log", "--no-proxy-headers"],
            cwd=BASE_DIR,
            stdout=log,
            stderr=log,
        )


def _wait(process: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while not _answers(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotComparable(f"the service did not start: {_last_words()}")
        time.sleep(0.1)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except OSError:
        return False
    finally:
        connection.close()


def _last_words() -> str:
    return (VAR / "web.log").read_text(errors="replace")[-500:]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
