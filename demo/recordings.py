"""What is on the phone: a file, its hash, and what is known of the words in it."""

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Recording:
    """`reference` is what is really said in it; empty when nobody wrote it down."""

    path: Path
    language: str
    title: str
    reference: str = ""

    @cached_property
    def size_bytes(self) -> int:
        return self.path.stat().st_size

    @cached_property
    def sha256(self) -> str:
        with self.path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    @property
    def content_type(self) -> str:
        return mimetypes.guess_type(self.path.name)[0] or "video/mp4"
