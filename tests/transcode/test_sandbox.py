import errno
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from tests.transcode import clips
from transcode import sandbox
from transcode.encode import encode_set
from transcode.faults import Cancelled, Fault, Killed, ToolMissing, Unplayable
from transcode.ffmpeg import available
from transcode.probe import probe
from transcode.profiles import WEB_480, WEB_720
from transcode.sandbox import Limits

ENDLESS = ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc2", "-f", "null", "-"]
PARENT = """
import sys
from pathlib import Path
from transcode.encode import encode_set
from transcode.probe import probe
from transcode.profiles import WEB_480
source, target = map(Path, sys.argv[1:])
encode_set(source, probe(source), {WEB_480: target})
"""


@pytest.fixture(scope="module")
def long_film(tmp_path_factory):
    return clips.long_film(tmp_path_factory.mktemp("long") / "film.mp4")


def running(word):
    """Process ids of every ffmpeg whose command line holds `word`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            argv = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        if argv[0].endswith("ffmpeg") and any(word in part for part in argv):
            found.append(int(folder.name))
    return found


def eventually(happens, *, within_s):
    deadline = time.monotonic() + within_s
    while not happens():
        assert time.monotonic() < deadline, f"not within {within_s} s"
        time.sleep(0.05)


@pytest.mark.slow
def test_a_stop_ends_ffmpeg_at_once_and_leaves_nothing(long_film, tmp_path):
    targets = {WEB_480: tmp_path / "480.mp4", WEB_720: tmp_path / "720.mp4"}
    stop_at = time.monotonic() + 2

    with pytest.raises(Cancelled):
        encode_set(
            long_film,
            probe(long_film),
            targets,
            should_stop=lambda: time.monotonic() > stop_at,
        )

    assert time.monotonic() - stop_at < 5
    assert running(str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_ffmpeg_dies_with_a_worker_that_is_killed(long_film, tmp_path):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(long_film), str(tmp_path / "480.mp4")]
    )
    eventually(lambda: running(str(tmp_path)), within_s=60)

    parent.kill()
    parent.wait(timeout=5)

    eventually(lambda: not running(str(tmp_path)), within_s=10)


@pytest.mark.slow
def test_ffmpeg_killed_by_another_is_worth_another_try(long_film, tmp_path):
    def kill_it():
        eventually(lambda: running(str(tmp_path)), within_s=60)
        os.kill(running(str(tmp_path))[0], signal.SIGKILL)

    killer = threading.Thread(target=kill_it)
    killer.start()

    with pytest.raises(Killed):
        encode_set(long_film, probe(long_film), {WEB_480: tmp_path / "480.mp4"})

    killer.join()
    assert list(tmp_path.iterdir()) == []


def test_a_program_that_takes_too_long_is_ended():
    began_at = time.monotonic()

    with pytest.raises(Unplayable) as refused:
        sandbox.run(ENDLESS, wall_s=1, limits=Limits())

    assert refused.value.code == Fault.TIME_LIMIT
    assert time.monotonic() - began_at < 15


def test_memory_has_a_limit():
    greedy = [sys.executable, "-c", "import mmap; mmap.mmap(-1, 2 * 1024**3)"]

    with pytest.raises(Unplayable) as refused:
        sandbox.run(greedy, wall_s=30, limits=Limits(memory_bytes=1024**3))

    assert refused.value.code == Fault.MEMORY


def test_output_has_a_limit(tmp_path):
    raw = ["-f", "lavfi", "-i", "testsrc2=duration=9", "-f", "rawvideo", str(tmp_path / "raw")]

    with pytest.raises(Unplayable) as refused:
        sandbox.run(["ffmpeg", *raw], wall_s=30, limits=Limits(output_bytes=1024**2))

    assert refused.value.code == Fault.TOO_LARGE_OUTPUT


def test_a_full_disk_is_not_the_recordings_fault():
    tone = ["-f", "lavfi", "-i", "sine=duration=60", "-f", "wav", "file:/dev/full"]

    with pytest.raises(OSError, match="No space") as full:
        sandbox.run(["ffmpeg", "-v", "error", "-y", *tone], wall_s=30, limits=Limits())

    assert full.value.errno == errno.ENOSPC


def test_a_flood_on_stderr_neither_blocks_nor_fills_memory():
    flood = "import sys; [sys.stderr.write('x' * 99 + '\\n') for _ in range(100_000)]"

    outcome = sandbox.run([sys.executable, "-c", flood], wall_s=30, limits=Limits())

    assert outcome.returncode == 0
    assert len(outcome.tail) == sandbox.TAIL_BYTES


def test_secrets_of_the_environment_stay_outside(monkeypatch):
    monkeypatch.setenv("MAM_SECRET_KEY", "not-for-ffmpeg")
    seen: list[str] = []

    sandbox.run(["env"], wall_s=10, limits=Limits(), on_line=seen.append)

    assert seen
    assert not any("MAM_" in line for line in seen)


def test_available_names_version_and_limits():
    found = available()

    assert found.ok
    assert found.detail.startswith("ffmpeg version")
    assert "prlimit" in found.detail


def test_a_missing_ffmpeg_is_the_machines_fault(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    found = available()

    assert not found.ok
    assert "not installed" in found.detail
    with pytest.raises(ToolMissing):
        sandbox.tool("ffmpeg")
