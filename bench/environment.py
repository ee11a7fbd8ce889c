"""Where a run of the bench lives: a service's folder of its own, on the disk that is measured.

Imported before anything that reads the settings; the folder goes when the process ends.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

import django

BASE_DIR: Final = Path(__file__).resolve().parent.parent
# The service's own folder: results are kept there, and its joined Whisper model is used.
KEPT: Final = Path(os.environ.get("MAM_VAR") or BASE_DIR / "var")
KEPT.mkdir(parents=True, exist_ok=True)
VAR: Final = Path(tempfile.mkdtemp(prefix="bench-", dir=KEPT))
RECORDINGS: Final = Path(os.environ.get("MAM_MEDIA") or BASE_DIR.parent / "shared" / "media")


def _enter() -> None:
    atexit.register(shutil.rmtree, VAR, ignore_errors=True)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ |= {
        "MAM_VAR": str(VAR),
        "MAM_STORE": str(VAR / "store"),
        "MAM_SCRATCH": str(VAR / "scratch"),
        "MAM_BROKER_URL": "filesystem://",
        "MAM_DATABASE_URL": f"sqlite:///{VAR / 'db.sqlite3'}",
        "MAM_DEBUG": "false",
        # Nobody listens to this broker, which it would say at every ring.
        "MAM_LOG_LEVEL": "ERROR",
    }
    django.setup()


_enter()
