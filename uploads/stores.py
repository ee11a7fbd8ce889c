"""Where the bytes of unfinished uploads lie, and how they become durable.

A store knows ids, offsets and fences; it knows nothing of phones, checksums or the database.
Only `FileStore` exists now; an object store takes the same protocol with multipart uploads.
"""

import errno
import fcntl
import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured
from django.core.files.storage import FileSystemStorage
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict, NotFound, Problem
from common.storage import make_folder, private, sync_folder

PREFIX: Final = "uploads"
# `fdatasync` each 64 MB had 1.7 times the throughput of @tus/server, a single one at the end 0.86.
SYNC_EVERY_BYTES: Final = 64 * 1024 * 1024
ASK_AGAIN: Final = _("Ask for the offset again and continue from there.")
_SEALED: Final = 2**63 - 1
_FULL: Final = {errno.ENOSPC, errno.EDQUOT}


class Superseded(Conflict):
    code = "upload_superseded"
    title = _("A newer request has taken over this upload")


class Gone(NotFound):
    """The store has no such upload (any more)."""


class StorageFull(Problem):
    status = 507
    code = "storage_full"
    title = _("There is no room left on the server")


class Writer(Protocol):
    """The one that may write to an upload until a newer fence is taken. Safe between threads."""

    @property
    def offset(self) -> int: ...

    def write(self, data: bytes, *, at: int) -> None:
        """Append `data`, which must start where the last write ended. Raises Superseded."""
        ...

    def sync(self) -> None:
        """Make everything written durable."""
        ...

    def sha256(self) -> str | None:
        """The hex digest of the whole, if this writer wrote it from byte 0; else None."""
        ...

    def close(self) -> None: ...


class Store(Protocol):
    """Every method may block on a disk or a network; none may be called on the event loop."""

    def create(self, upload_id: UUID) -> None:
        """Make room for an upload, durably. Harmless when it exists."""
        ...

    def open(self, upload_id: UUID, *, fence: int) -> Writer:
        """Shut out every writer with a lower fence. Raises Superseded or Gone."""
        ...

    def durable_offset(self, upload_id: UUID) -> int:
        """How many bytes would survive a power cut now. Never waits for a writer. Raises Gone."""
        ...

    def last_write_at(self, upload_id: UUID) -> datetime: ...

    def sha256(self, upload_id: UUID) -> str:
        """The hex digest of the content, read back. Raises Gone."""
        ...

    def seal(self, upload_id: UUID) -> str:
        """Shut out every writer for good and return the content's key in `common.storage`."""
        ...

    def arrived(self, upload_id: UUID) -> str:
        """The key in `common.storage` of what is here so far, whole or not. Raises Gone."""
        ...

    def remove(self, upload_id: UUID) -> None:
        """Shut out every writer and forget the bytes. Harmless when they are gone."""
        ...

    def free_bytes(self) -> int: ...


class FileStore:
    """A file an upload, at the place where the content stays: completing moves and copies nothing.

    Beside it a `.fence` file holds the newest fence number. Each write takes that file's `flock`
    and compares, so an older request can't add a byte, from whichever process. Bytes are only ever
    appended: what lies below an offset that was once durable never changes.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def create(self, upload_id: UUID) -> None:
        path = self._path(upload_id)
        with _or_full():
            make_folder(path.parent)
            for file in (path, _fence_path(path)):
                os.close(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600))
            sync_folder(path.parent)

    def open(self, upload_id: UUID, *, fence: int) -> "FileWriter":
        path = self._path(upload_id)
        with _or_gone():
            fd = os.open(path, os.O_WRONLY)
        try:
            return FileWriter(fd, Fence(_fence_path(path)), number=fence)
        except FileNotFoundError as exc:
            # Bytes without a fence are sealed: another request is completing them.
            os.close(fd)
            raise Superseded(ASK_AGAIN) from exc

    def durable_offset(self, upload_id: UUID) -> int:
        # No lock: the size is read before the sync, and a writer can only make the file longer.
        with _or_gone(), self._path(upload_id).open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            os.fdatasync(file.fileno())
            return size

    def last_write_at(self, upload_id: UUID) -> datetime:
        with _or_gone():
            return datetime.fromtimestamp(self._path(upload_id).stat().st_mtime, UTC)

    def sha256(self, upload_id: UUID) -> str:
        with _or_gone(), self._path(upload_id).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def seal(self, upload_id: UUID) -> str:
        key = self.arrived(upload_id)
        self._shut(self._path(upload_id))
        return key

    def arrived(self, upload_id: UUID) -> str:
        path = self._path(upload_id)
        with _or_gone():
            path.stat()
        return path.relative_to(self.root).as_posix()

    def remove(self, upload_id: UUID) -> None:
        path = self._path(upload_id)
        self._shut(path)
        path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)

    def free_bytes(self) -> int:
        make_folder(self.root)
        return shutil.disk_usage(self.root).free

    def _path(self, upload_id: UUID) -> Path:
        return self.root / PREFIX / upload_id.hex[:2] / upload_id.hex

    def _shut(self, path: Path) -> None:
        try:
            fence = Fence(_fence_path(path))
        except FileNotFoundError:
            return
        with fence.locked():
            fence.raise_to(_SEALED)
        # Whoever still has it open reads the number above; nobody can open it anew.
        _fence_path(path).unlink(missing_ok=True)
        fence.close()


class FileWriter:
    def __init__(self, fd: int, fence: "Fence", *, number: int) -> None:
        """Owns `fd` and `fence` from here on. Raises Superseded when a newer fence was taken."""
        self._fd, self._fence, self._number = fd, fence, number
        self._busy = threading.Lock()
        self._unsynced = 0
        try:
            with fence.locked():
                fence.raise_to(number)
                self.offset = os.fstat(fd).st_size
        except Superseded:
            self.close()
            raise
        self._digest = hashlib.sha256() if self.offset == 0 else None

    def write(self, data: bytes, *, at: int) -> None:
        with self._busy:
            if at != self.offset:
                raise ValueError("the bytes before these were not written")
            with self._fence.locked(), _or_full():
                self._fence.check(self._number)
                self._append(data)
        if self._unsynced >= SYNC_EVERY_BYTES:
            self.sync()

    def _append(self, data: bytes) -> None:
        left = memoryview(data)
        while left:
            count = os.pwrite(self._fd, left, self.offset)
            if self._digest:
                self._digest.update(left[:count])
            self.offset += count
            self._unsynced += count
            left = left[count:]

    def sync(self) -> None:
        with self._busy, _or_full():
            os.fdatasync(self._fd)
            self._unsynced = 0

    def sha256(self) -> str | None:
        return self._digest.hexdigest() if self._digest else None

    def close(self) -> None:
        with self._busy:
            os.close(self._fd)
            # The number may be another file's by the time of a late call.
            self._fd = -1
            self._fence.close()


class Fence:
    """Who may write. The file needs no sync: no writer survives a power cut."""

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_RDWR)

    @contextmanager
    def locked(self) -> Iterator[None]:
        fcntl.flock(self._fd, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._fd, fcntl.LOCK_UN)

    def check(self, number: int) -> None:
        """Call it locked. Raises Superseded when the newest fence is another."""
        if self._read() != number:
            raise Superseded(ASK_AGAIN)

    def raise_to(self, number: int) -> None:
        """Call it locked. Raises Superseded when a newer fence is there already."""
        if self._read() > number:
            raise Superseded(ASK_AGAIN)
        os.pwrite(self._fd, number.to_bytes(8, "big"), 0)

    def close(self) -> None:
        os.close(self._fd)
        self._fd = -1

    def _read(self) -> int:
        return int.from_bytes(os.pread(self._fd, 8, 0), "big")


def store() -> Store:
    """The store in which a finished upload is a key of `common.storage`."""
    storage = private()
    if isinstance(storage, FileSystemStorage):
        return FileStore(Path(storage.location))
    raise ImproperlyConfigured("uploads need a folder for STORAGES['private']")


def arrived(upload_id: UUID) -> str:
    """The key in `common.storage` of what a phone sent so far, for people to look at.

    Also of an upload that is still receiving, or that failed its checksum: it may grow while it is
    read, and it is nothing that a phone vouched for. Raises Gone when there are no bytes (any
    more): terminated, expired or erased.
    """
    return store().arrived(upload_id)


def _fence_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.fence")


@contextmanager
def _or_full() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        if exc.errno not in _FULL:
            raise
        raise StorageFull(
            _("Keep the recording and try again later; what arrived is kept.")
        ) from exc


@contextmanager
def _or_gone() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as exc:
        raise Gone from exc
