"""Runs ffmpeg and ffprobe where a hostile file can do little harm.

Each runs as a process group of its own, with limits on memory, CPU, file size and open files set
by util-linux's `prlimit`, and dies with the thread that started it (`setpriv --pdeathsig`).
`preexec_fn` is not used: it isn't safe beside threads.

The kernel sends the death signal when the *thread* that forked ends, not the process: call `run`
from a thread that outlives it. `run` itself blocks until the program is gone, so any ordinary
caller does.
"""

import errno
import os
import selectors
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from transcode.faults import Cancelled, Fault, Killed, ToolMissing, Unplayable

Readers = Sequence[tuple[IO[bytes] | None, Callable[[bytes], None]]]

CHECK_EVERY_S = 0.25
TAIL_BYTES = 16_384
LONGEST_LINE_BYTES = 1_048_576

# What phones, cameras and messengers send. Lists that point elsewhere (hls, concat, dash), devices,
# and the hundreds of rarely fuzzed game formats are not among them.
DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,matroska,webm,avi,mpeg,mpegts,asf,flv,"
    "ogg,wav,mp3,flac,aac,amr,amrnb,amrwb,caf"
)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one recording may cost.

    8192 by 8192 is above 8K video (33 megapixels), four hours above any interview, 4 GiB - 1 what
    FAT32 holds. 4 GiB of address space carries 4K HEVC into three renditions on two threads.
    """

    duration_s: float = 4 * 3600
    side_px: int = 8192
    pixels: int = 8192 * 8192
    streams: int = 24
    memory_bytes: int = 4 * 1024**3
    output_bytes: int = 4 * 1024**3 - 1
    open_files: int = 64
    probe_wall_s: float = 60
    wall_floor_s: float = 120
    wall_per_media_s: float = 20

    def wall_s(self, duration_s: float) -> float:
        """Seconds a job on `duration_s` of media may take; generous, for a busy 2-core machine."""
        return self.wall_floor_s + self.wall_per_media_s * duration_s


@dataclass(frozen=True)
class Outcome:
    """How a program ended. `tail` is the end of its stderr; it may quote the file: never log it."""

    returncode: int
    tail: str


def never() -> bool:
    return False


def ignore(_: object) -> None:
    return None


def tool(name: str) -> str:
    """The absolute path of a program. Raises `ToolMissing`."""
    path = shutil.which(name)
    if path is None:
        raise ToolMissing(f"{name} is not installed")
    return path


def run(
    argv: Sequence[str],
    *,
    wall_s: float,
    limits: Limits,
    should_stop: Callable[[], bool] = never,
    on_line: Callable[[str], object] = ignore,
) -> Outcome:
    """Run `argv`, hand each line of its stdout to `on_line`, and return how it ended.

    Whatever happens, nothing of its process group is left when this returns or raises.
    Raises `Cancelled` at most a second after `should_stop()` turns true; `Unplayable` (time_limit,
    memory, too_large_output); `Killed`; `ToolMissing`; `OSError` (ENOSPC) when the disk is full.
    """
    command = [*wrapping(limits, wall_s=wall_s), tool(argv[0]), *argv[1:]]
    tail, lines = _Tail(), _Lines(on_line)
    watch = _Watch(deadline=time.monotonic() + wall_s, should_stop=should_stop)
    with _started(command) as process:
        _drain([(process.stdout, lines.feed), (process.stderr, tail.feed)], watch)
        while process.poll() is None:
            watch.check()
            time.sleep(0.02)
    outcome = Outcome(process.returncode, tail.text())
    _blame(outcome)
    return outcome


def wrapping(limits: Limits, *, wall_s: float) -> list[str]:
    """The programs that hold the limits, as far as this machine has them."""
    return [*_dies_with_its_parent(), *_limited(limits, wall_s=wall_s)]


def in_force() -> list[str]:
    """The names of the wrappers this machine has, for `/readyz`."""
    return [name for name in ("setpriv", "prlimit") if shutil.which(name)]


def _dies_with_its_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--no-new-privs", "--pdeathsig", "KILL", "--"] if setpriv else []


def _limited(limits: Limits, *, wall_s: float) -> list[str]:
    prlimit = shutil.which("prlimit")
    if prlimit is None:
        return []
    return [
        prlimit,
        f"--as={limits.memory_bytes}",
        f"--cpu={int(wall_s * (os.cpu_count() or 1)) + 1}",
        f"--fsize={limits.output_bytes}",
        f"--nofile={limits.open_files}",
        "--core=0",
        "--",
    ]


@dataclass(frozen=True)
class _Watch:
    deadline: float
    should_stop: Callable[[], bool]

    def check(self) -> None:
        if self.should_stop():
            raise Cancelled
        if time.monotonic() > self.deadline:
            raise Unplayable(Fault.TIME_LIMIT)


@dataclass
class _Tail:
    kept: bytes = b""

    def feed(self, chunk: bytes) -> None:
        self.kept = (self.kept + chunk)[-TAIL_BYTES:]

    def text(self) -> str:
        return self.kept.decode(errors="replace")


@dataclass
class _Lines:
    on_line: Callable[[str], object]
    rest: bytes = field(default=b"")

    def feed(self, chunk: bytes) -> None:
        *whole, rest = (self.rest + chunk).split(b"\n")
        self.rest = rest[-LONGEST_LINE_BYTES:]
        for line in whole:
            self.on_line(line.decode(errors="replace"))


@contextmanager
def _started(command: Sequence[str]) -> "Iterator[subprocess.Popen[bytes]]":
    process = subprocess.Popen(  # noqa: S603  # A list, no shell; paths are absolute and `file:`.
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        cwd="/",
        env=_environment(),
    )
    with process:
        try:
            yield process
        finally:
            _end_group(process)


def _environment() -> dict[str, str]:
    # Few malloc arenas: each thread's own would reserve 64 MB of the address space allowed.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "MALLOC_ARENA_MAX": "2",
        "AV_LOG_FORCE_NOCOLOR": "1",
    }


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    # The leader is not reaped before `poll`, so its number can't have become another's.
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def _drain(readers: Readers, watch: _Watch) -> None:
    with selectors.DefaultSelector() as selector:
        for stream, feed in readers:
            if stream is not None:
                selector.register(stream, selectors.EVENT_READ, feed)
        while selector.get_map():
            watch.check()
            for key, _ in selector.select(CHECK_EVERY_S):
                chunk = os.read(key.fd, 65_536)
                if chunk:
                    key.data(chunk)
                else:
                    selector.unregister(key.fileobj)


def _blame(outcome: Outcome) -> None:
    if outcome.returncode == 0:
        return
    if outcome.returncode == -signal.SIGXCPU:
        raise Unplayable(Fault.TIME_LIMIT)
    if outcome.returncode == -signal.SIGXFSZ or "File too large" in outcome.tail:
        raise Unplayable(Fault.TOO_LARGE_OUTPUT)
    if "No space left on device" in outcome.tail:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if "Cannot allocate memory" in outcome.tail:
        raise Unplayable(Fault.MEMORY)
    if outcome.returncode < 0 or "received signal" in outcome.tail:
        raise Killed(f"ended with {outcome.returncode}")


def local(path: Path) -> str:
    """The path as ffmpeg's own URL: a leading dash or a colon in a name means nothing in it."""
    return f"file:{path.absolute()}"
