"""Writing the ZIP: stored, since films don't shrink; the same bytes for the same content."""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Final, Self

CHUNK_BYTES: Final = 1024 * 1024
# FAT32 keeps a file's size in 32 bits.
LARGEST_ON_FAT32_BYTES: Final = 4_294_967_295
_UNIX: Final = 3
_READABLE: Final = 0o100644 << 16


@dataclass(frozen=True)
class Member:
    """A file that is in the archive."""

    name: str
    size_bytes: int
    sha256: str


class Archive:
    """A ZIP under construction. Every entry carries the time `at`, none the clock's."""

    def __init__(self, path: Path, *, at: datetime) -> None:
        self.members: list[Member] = []
        # ZIP knows no time zones and, like FAT, nothing before 1980.
        self._time = at.astimezone(UTC).timetuple()[:6]
        self._zip = zipfile.ZipFile(path, "x", zipfile.ZIP_STORED, allowZip64=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._zip.close()

    def add_file(self, name: str, source: Path, *, on_bytes: Callable[[int], None]) -> Member:
        """Copy a file in; `on_bytes` hears of each chunk and may raise to stop."""
        with source.open("rb") as content:
            return self._add(name, _chunks(content, on_bytes), size=source.stat().st_size)

    def add_bytes(self, name: str, content: bytes) -> Member:
        return self._add(name, iter([content]), size=len(content))

    def checksums(self) -> bytes:
        """What `sha256sum -c` reads, for all that was added so far."""
        return "".join(f"{member.sha256}  {member.name}\n" for member in self.members).encode()

    def _add(self, name: str, chunks: Iterator[bytes], *, size: int) -> Member:
        info = zipfile.ZipInfo(name, self._time)
        info.create_system, info.external_attr = _UNIX, _READABLE
        # Told beforehand, zipfile knows whether it needs the 64-bit form.
        info.file_size = size
        digest, written = hashlib.sha256(), 0
        with self._zip.open(info, "w") as target:
            for chunk in chunks:
                digest.update(chunk)
                written += target.write(chunk)
        self.members.append(Member(name, written, digest.hexdigest()))
        return self.members[-1]


def _chunks(content: IO[bytes], on_bytes: Callable[[int], None]) -> Iterator[bytes]:
    while chunk := content.read(CHUNK_BYTES):
        on_bytes(len(chunk))
        yield chunk
