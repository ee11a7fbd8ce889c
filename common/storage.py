"""Private storage: where recordings, renditions and proofs lie. Nothing in it has a public URL.

Keys are random: whoever reads a key, a log line or a folder learns nothing about a person.
"""

import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages

NEW_FOR_S = 60


def private() -> Storage:
    """The storage of everything that only `common.media` may show."""
    return storages["private"]


def new_key(prefix: str, suffix: str = "") -> str:
    """A fresh key under `prefix`; 128 random bits, in 256 folders so that none grows too long."""
    name = secrets.token_hex(16)
    return f"{prefix}/{name[:2]}/{name}{suffix}"


@contextmanager
def local(storage: Storage, key: str) -> Iterator[Path]:
    """A path to read `key` from, for programs that need a file (ffmpeg).

    In a folder store it is the file itself, so never write to it; otherwise a scratch copy, gone
    when the block ends. Raises FileNotFoundError when the key doesn't exist.
    """
    if isinstance(storage, FileSystemStorage):
        path = Path(storage.path(key))
        path.stat()
        yield path
        return
    with scratch() as folder, storage.open(key, "rb") as source:
        copy = folder / "copy"
        with copy.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
        yield copy


def put(path: Path, key: str) -> None:
    """Store a copy of the file at `path` under `key`, which must be fresh.

    Returns only when content and name are durable; readers see the whole file or none. Raises
    FileExistsError when the key is taken.
    """
    storage = private()
    if isinstance(storage, FileSystemStorage):
        _put_in_folder(path, Path(storage.path(key)))
        return
    with path.open("rb") as source:
        saved = storage.save(key, File(source))
    if saved != key:
        storage.delete(saved)
        raise FileExistsError(key)


@contextmanager
def scratch() -> Iterator[Path]:
    """A fresh folder for work in progress, removed with all its content whatever happens.

    What a killed process leaves, `clear_scratch` removes: the lock on the folder dies with it.
    """
    settings.SCRATCH_ROOT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.SCRATCH_ROOT) as name, _locked(Path(name)):
        yield Path(name)


def clear_scratch() -> int:
    """Remove the scratch folders of processes that are gone; return how many those were."""
    if not settings.SCRATCH_ROOT.is_dir():
        return 0
    return sum(_cleared(folder) for folder in settings.SCRATCH_ROOT.iterdir())


def _cleared(folder: Path) -> bool:
    try:
        # A folder is made a moment before it is locked.
        if time.time() - folder.stat().st_mtime < NEW_FOR_S:
            return False
        with _locked(folder):
            shutil.rmtree(folder)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Raises BlockingIOError when another process holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Make `folder` and its missing parents, each name durable in the folder above it."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable: a file's own fsync doesn't cover its name."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _put_in_folder(path: Path, target: Path) -> None:
    make_folder(target.parent)
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        _copy_durably(path, draft)
        # A hard link refuses a name that is taken; a rename would replace it without a word.
        os.link(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(target.parent)


def _copy_durably(path: Path, target: Path) -> None:
    with path.open("rb") as source, target.open("xb") as copy:
        os.fchmod(copy.fileno(), 0o600)
        shutil.copyfileobj(source, copy, 1024 * 1024)
        copy.flush()
        os.fsync(copy.fileno())
