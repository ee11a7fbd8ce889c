"""What tests need beside Python: a private PostgreSQL, Debian's Chromium, free ports."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

# Durability is what a throwaway server can do without; races are not affected by it.
POSTGRES_OPTIONS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
}


class ServiceMissing(Exception):
    """A program is not installed, or did not start; says what to do."""


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def chromium_path() -> str:
    """Chromium's program: `MAM_TEST_CHROMIUM`, else Debian's."""
    path = os.environ.get("MAM_TEST_CHROMIUM") or shutil.which("chromium")
    if not path:
        raise ServiceMissing("Chromium is absent: tools/install.sh --tests")
    return path


@contextlib.contextmanager
def postgres() -> Iterator[str]:
    """URL of a PostgreSQL server: the one `MAM_TEST_DATABASE_URL` names, else a private one.

    The private one listens on loopback with a password of its own, and is stopped and removed
    at the end; it also dies with the thread that started it.
    """
    if named := os.environ.get("MAM_TEST_DATABASE_URL"):
        yield named
        return
    with _private_folder() as folder:
        server = PrivatePostgres(folder)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


@contextlib.contextmanager
def _private_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="mam-postgres-"))
    try:
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root; Debian's package brings this user.
            shutil.chown(folder, "postgres", "postgres")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_program(name: str) -> str:
    found = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4])
    )
    if not found:
        raise ServiceMissing("PostgreSQL is absent: tools/install.sh --tests")
    return str(found[-1])


def _as_postgres(*command: str) -> list[str]:
    if os.geteuid() != 0:
        return ["setpriv", "--pdeathsig", "INT", *command]
    owner = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]
    return ["setpriv", *owner, "--pdeathsig", "INT", *command]


class PrivatePostgres:
    """One PostgreSQL server with all its files in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.password = secrets.token_hex(16)
        self.log = folder / "log"
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"postgresql://story:{self.password}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Return once the server answers; raises ServiceMissing with its log otherwise."""
        self._initialise()
        options = {**POSTGRES_OPTIONS, "port": str(self.port), "unix_socket_directories": "."}
        flags = [word for key, value in options.items() for word in ("-c", f"{key}={value}")]
        command = _as_postgres(_postgres_program("postgres"), "-D", "data", *flags)
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C ends the tests first, and the server after them.
            self._server = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_until_ready(self._server)

    def stop(self) -> None:
        """Abort open transactions and return once the server is gone."""
        if self._server is None:
            return
        self._server.send_signal(signal.SIGQUIT)
        self._server.wait(30)
        self._server = None

    def _initialise(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # In a folder that only its owner may enter.
        command = [_postgres_program("initdb"), "-D", "data", "-U", "story", "--no-sync"]
        access = ["-A", "scram-sha-256", "--pwfile", "password"]
        locale = ["-E", "UTF8", "--locale=C.UTF-8"]
        done = subprocess.run(
            _as_postgres(*command, *access, *locale),
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        secret.unlink()
        if done.returncode:
            raise ServiceMissing(f"initdb failed: {done.stderr}")

    def _wait_until_ready(self, server: subprocess.Popen[bytes]) -> None:
        address = ["-h", "127.0.0.1", "-p", str(self.port)]
        ask = [_postgres_program("pg_isready"), "-q", *address]
        deadline = time.monotonic() + 60
        while subprocess.run(ask, check=False).returncode:
            if server.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise ServiceMissing(f"PostgreSQL did not start: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)
