"""The demo as a person starts it, with a house that runs already."""

import subprocess
import sys

import pytest

from tests.environment import BASE_DIR
from tests.programs import free_port
from tests.transcode import clips

pytestmark = pytest.mark.slow
QUEUES = ("media", "speech", "light")


def demo(house, url, *words):
    return subprocess.run(
        [sys.executable, "-m", "demo", *words],
        cwd=BASE_DIR,
        env={**house.env, "MAM_DEMO_URL": url},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


@pytest.fixture
def url(house):
    for queue in QUEUES:
        house.start_worker(queue)
    house.start_beat()
    return house.start_web().url


@pytest.mark.whisper
@pytest.mark.usefixtures("recordings")
def test_two_interviews_travel_from_a_phone_to_a_town_hall(house, url):
    first = demo(house, url)
    second = demo(house, url, "--language", "wo")

    assert first.returncode == 0, first.stdout + first.stderr
    assert "published" in first.stdout
    assert "word error rate" in first.stdout
    assert second.returncode == 0, second.stdout + second.stderr
    assert "no machine: No machine knows this language." in second.stdout
    assert "2 cues from a file" in second.stdout
    assert "word error rate 0.0%" in second.stdout


def test_a_service_that_nobody_runs_ends_the_demo_with_a_sentence(house, tmp_path):
    film = clips.film(tmp_path / "own.mp4", seconds=0.5)

    done = demo(house, f"http://127.0.0.1:{free_port()}", "--video", str(film))

    assert done.returncode == 1
    assert "does not answer" in done.stdout
