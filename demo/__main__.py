"""`python -m demo`: sends a real interview through the whole house, over HTTP."""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx
from tusclient.exceptions import TusCommunicationError

from common.languages import NAMES
from config.settings import VAR
from demo.expectations import Unexpected
from demo.house import USUAL_PORT, House, opened, turn_termination_into_interrupt
from demo.journey import Cast, take_recording, travel
from demo.report import Report
from demo.staff import Staff

INTERRUPTED: Final = 130
FAILURES: Final = (
    Unexpected,
    httpx.HTTPError,
    TusCommunicationError,
    subprocess.SubprocessError,
    OSError,
)


def main(words: Sequence[str] | None = None) -> int:
    """Exit code: 0 when every stage did its work, 1 when one did not, 130 after Ctrl-C."""
    asked, report = _asked(words), Report()
    turn_termination_into_interrupt()
    _keep_proxies_out()
    with ExitStack() as stack:
        try:
            _run(asked, report, stack)
        except FAILURES as failure:
            report.failed(str(failure) or type(failure).__name__)
            return 1
        except KeyboardInterrupt:
            report.console.print("Stopped; run it again at any time.")
            return INTERRUPTED
    return 0


def _run(asked: argparse.Namespace, report: Report, stack: ExitStack) -> None:
    recording = take_recording(report, video=asked.video, language=asked.language)
    staff = Staff(VAR / "demo-logins.json")
    house = stack.enter_context(opened(staff, report))
    travel(Cast(house, staff, report), recording)
    report.finish(pages=_pages(house), logins=staff.passwords, how=_how(house))


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--video", type=_file, help="your own film instead of the clip")
    parser.add_argument(
        "--language", choices=sorted(NAMES), metavar="CODE", help="spoken in it, such as wo"
    )
    return parser.parse_args(words)


def _file(word: str) -> Path:
    path = Path(word).expanduser()
    if not path.is_file() or not path.stat().st_size:
        raise argparse.ArgumentTypeError(f"{word} is no file with anything in it")
    return path


def _keep_proxies_out() -> None:
    """tuspy asks the environment for proxies, and none of them leads to this machine."""
    for name in ("NO_PROXY", "no_proxy"):
        os.environ[name] = ",".join(filter(None, [os.environ.get(name), "127.0.0.1,localhost"]))


def _pages(house: House) -> dict[str, str]:
    return {
        "Moderators": f"{house.url}/moderation",
        "Organizers": f"{house.url}/screenings",
        "Coordinators": f"{house.url}/programmes",
        "API": f"{house.url}/api/docs/",
    }


def _how(house: House) -> str:
    if house.log is None:
        return "The service goes on running."
    port = "" if house.port == USUAL_PORT else f" PORT={house.port}"
    return f"The service is stopped again; to see the pages: make run{port}"


if __name__ == "__main__":
    sys.exit(main())
