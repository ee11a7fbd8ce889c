"""The service that the demo talks to: one that runs already, or one that it starts and stops."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, Final, Self

import httpx

from config.settings import BASE_DIR, VAR
from demo.expectations import Patience, Unexpected, expect
from demo.report import Report, Stage
from demo.staff import Staff

USUAL_PORT: Final = 8000
# uvicorn and four Pythons with Django, on a slow machine with one core.
START_IDLE_S: Final = 180
# honcho kills after five seconds what did not end by itself.
STOP_TIMEOUT_S: Final = 20
LOG_TAIL_CHARS: Final = 3000

Parts = dict[str, dict[str, Any]]


class House:
    """`url` is the service's origin. Its folder is `MAM_VAR`, ours as its."""

    def __init__(self, url: str, *, log: Path | None = None) -> None:
        self.url = url
        self.log = log

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 80

    @property
    def description(self) -> str:
        return f"the service that runs at {self.url}"

    def parts(self) -> Parts:
        """Each part's state as `/readyz` tells it; empty while nobody answers."""
        try:
            answer = httpx.get(f"{self.url}/readyz", timeout=20, trust_env=False)
            parts: Parts = answer.json()["parts"]
        except (httpx.TransportError, ValueError, KeyError, TypeError):
            return {}
        return parts

    def wait_until(self, is_enough: Callable[[Parts], bool], stage: Stage) -> None:
        """Return once the parts are enough, showing each one's state until then."""
        patience = Patience(idle_s=START_IDLE_S, what=f"waiting for {self.url}/readyz")
        while not is_enough(parts := self.parts()):
            self.check_alive()
            for name, part in parts.items():
                stage.show(name, float(part["ok"]), note=str(part["detail"]))
            patience.wait(parts)

    def check_alive(self) -> None:
        """Raises `Unexpected` when the service has ended; one that isn't ours is taken as alive."""


class OwnHouse(House):
    """The service with its workers, by the Procfile; a context manager."""

    def __init__(self, port: int) -> None:
        super().__init__(f"http://127.0.0.1:{port}", log=VAR / "demo" / "service.log")
        self._honcho: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        with _fresh(VAR / "demo" / "service.log") as log:
            self._honcho = subprocess.Popen(  # noqa: S603  # Our own Procfile.
                # Settings read `.env` themselves; honcho would let it win over the environment.
                [sys.executable, "-m", "honcho", "--env", os.devnull, "start", "--no-colour"],
                cwd=BASE_DIR,
                env=_environment(PORT=str(self.port)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for us; we pass it on in our own time.
                start_new_session=True,
            )
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._honcho is None:
            return
        self._honcho.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._honcho.wait(STOP_TIMEOUT_S)
            return
        self._honcho.kill()
        self._honcho.wait()

    @property
    def description(self) -> str:
        return f"web, three workers and beat at {self.url}"

    def check_alive(self) -> None:
        if self._honcho and self._honcho.poll() is not None:
            tail = (self.log or Path(os.devnull)).read_text(errors="replace")[-LOG_TAIL_CHARS:]
            raise Unexpected(f"the service did not start:\n{tail}")


def manage(*words: str | Path, env: dict[str, str] | None = None) -> str:
    """What `manage.py` prints; raises `Unexpected` with its errors when it fails."""
    done = subprocess.run(  # noqa: S603  # Our own commands.
        [sys.executable, "manage.py", *map(str, words)],
        cwd=BASE_DIR,
        env=_environment(**(env or {})),
        capture_output=True,
        text=True,
        check=False,
    )
    expect(done.returncode == 0, f"manage.py {words[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout.strip()


@contextlib.contextmanager
def opened(staff: Staff, report: Report) -> Iterator[House]:
    """A ready service on our `MAM_VAR`; what was started for it is stopped at the end."""
    with contextlib.ExitStack() as stack:
        with report.stage("The house opens") as stage:
            _prepare(stage)
            house = _running(staff) or stack.enter_context(OwnHouse(_port()))
            report.log = house.log
            house.wait_until(bool, stage)
            if not staff.are_known_at(house.url):
                staff.found(manage, on_share=lambda share: stage.show("people and texts", share))
            house.wait_until(_all_ready, stage)
            stage.made = house.description
        yield house


def _prepare(stage: Stage) -> None:
    for name, command in (("database", "migrate"), ("static files", "collectstatic")):
        stage.show(name, 0)
        manage(command, "--noinput", "--verbosity", "0")
        stage.show(name, 1)


def _running(staff: Staff) -> House | None:
    """One that answers and has our database; `MAM_DEMO_URL` names where, else the usual port."""
    named = os.environ.get("MAM_DEMO_URL", "").rstrip("/")
    found = House(named or f"http://127.0.0.1:{USUAL_PORT}")
    answers = bool(found.parts())
    expect(answers or not named, f"{named} does not answer as the service would")
    is_ours = answers and _is_ours(found, staff)
    expect(is_ours or not named, f"the service at {named} has another MAM_VAR than {VAR}")
    return found if is_ours else None


def _is_ours(house: House, staff: Staff) -> bool:
    """Known by a person whom we make in our database: a service on another can't know them."""
    if staff.are_known_at(house.url):
        return True
    staff.found_coordinator(manage)
    return staff.coordinator_is_known_at(house.url)


def _all_ready(parts: Parts) -> bool:
    return bool(parts) and all(part["ok"] for part in parts.values())


def _port() -> int:
    """The usual one, or one that is free."""
    for port in (USUAL_PORT, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return int(probe.getsockname()[1])
    raise Unexpected("there is no free port on this machine")


def _environment(**changes: str) -> dict[str, str]:
    """Ours, for children: the same folder wherever they run, and this Python's programs first."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    ours = {"MAM_VAR": str(VAR.resolve()), "PATH": programs, "PYTHONUNBUFFERED": "1"}
    return {**os.environ, **ours, **changes}


def _fresh(log: Path) -> IO[bytes]:
    log.parent.mkdir(parents=True, exist_ok=True)
    return log.open("wb")


def turn_termination_into_interrupt() -> None:
    """SIGTERM ends the demo as Ctrl-C does: what it started is stopped."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
