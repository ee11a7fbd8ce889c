"""Where a test session lives: its own `MAM_VAR`, a file database, nothing of a developer's `.env`.

Imported by `tests/conftest.py` before anything reads the settings.
"""

import atexit
import os
import shutil
import signal
import tempfile
from pathlib import Path

import django

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(tempfile.mkdtemp(prefix="mam-tests-"))
STRICT = os.environ.get("CI", "").lower() == "true"
SEED = int(os.environ.get("MAM_SEED") or int.from_bytes(os.urandom(4)))
ROUNDS = int(os.environ.get("MAM_ROUNDS") or 5)
MEDIA = Path(os.environ.get("MAM_MEDIA") or BASE_DIR.parent / "shared" / "media")


def _own_database() -> str:
    # Only PostgreSQL is taken from outside (tools/with_postgres.py), never somebody's SQLite file.
    named = os.environ.get("MAM_DATABASE_URL", "")
    return named if named.startswith("postgres") else f"sqlite:///{VAR / 'db.sqlite3'}"


def _enter() -> None:
    atexit.register(shutil.rmtree, VAR, ignore_errors=True)
    # As with Ctrl-C, the fixtures get to end their processes.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # WhiteNoise warns about a folder that isn't there; collectstatic fills it for real servers.
    (VAR / "static").mkdir()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ |= {
        "MAM_VAR": str(VAR),
        "MAM_STORE": str(VAR / "store"),
        "MAM_SCRATCH": str(VAR / "scratch"),
        "MAM_BROKER_URL": "filesystem://",
        "MAM_DEBUG": "false",
        "MAM_DATABASE_URL": _own_database(),
    }
    django.setup()


_enter()
