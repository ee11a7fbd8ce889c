"""Secrets of the embedded profile: made once, kept beside the data, readable by the owner only."""

import contextlib
import os
import secrets
from pathlib import Path


def make_private(folder: Path) -> None:
    """Make the folder if need be, and keep everybody else on this machine out of it.

    What lies in it need not be guarded file by file: SQLite, for one, would not do so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def load_or_make(path: Path) -> str:
    """Return the secret in `path`, creating it (mode 0600) on first use.

    Several processes may start at once: the file appears whole by `link`, the first one wins,
    and all return its content.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    return path.read_text().strip()
