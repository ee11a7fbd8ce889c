"""What a phone declares of a file before it sends a byte, read from tus's creation headers."""

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Problem

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_CONTENT_TYPE: Final = re.compile(r"[\w.+-]{1,49}/[\w.+-]{1,49}", re.ASCII)


class LengthInvalid(Problem):
    code = "upload_length_invalid"
    title = _("The length of the file is missing or not a number")


class DeferredLength(Problem):
    code = "upload_length_deferred"
    title = _("The length of the file has to be known from the start")


class Empty(Problem):
    code = "upload_empty"
    title = _("The file is empty")


class TooLarge(Problem):
    status = 413
    code = "upload_too_large"
    title = _("The file is larger than this server takes")


class MetadataInvalid(Problem):
    code = "upload_metadata_invalid"
    title = _("What was declared about the file is incomplete")


@dataclass(frozen=True)
class Declaration:
    """`sha256` is lower-case hex. The file's name is never read: it may name a person."""

    id: UUID
    length: int
    sha256: str
    content_type: str = ""

    def same_content(self, *, length: int, sha256: str) -> bool:
        return (self.length, self.sha256) == (length, sha256)


def read(headers: Mapping[str, str]) -> Declaration:
    """Raises a Problem that says what to send instead."""
    length = _length(headers)
    metadata = dict(_pairs(headers.get("upload-metadata", "")))
    return Declaration(
        id=_id(metadata.get("id", "")),
        length=length,
        sha256=_sha256(metadata.get("sha256", "")),
        content_type=_content_type(metadata.get("filetype", "")),
    )


def whole_number(text: str) -> int | None:
    """A header's number as tus writes it: ASCII digits only, or None."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _length(headers: Mapping[str, str]) -> int:
    if "upload-defer-length" in headers:
        raise DeferredLength(_("Send Upload-Length with the file's size in bytes."))
    length = whole_number(headers.get("upload-length", ""))
    if length is None:
        raise LengthInvalid(_("Send Upload-Length with the file's size in bytes."))
    if length == 0:
        raise Empty(_("Check the recording on the phone: there is nothing in this file."))
    if length > settings.UPLOAD_MAX_BYTES:
        detail = _("Record at a lower quality or in shorter parts.")
        raise TooLarge(detail, max_bytes=settings.UPLOAD_MAX_BYTES)
    return length


def _pairs(header: str) -> Iterator[tuple[str, str]]:
    for pair in filter(None, header.split(",")):
        key, _space, value = pair.strip().partition(" ")
        try:
            yield key, base64.b64decode(value, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError) as exc:
            raise MetadataInvalid(_("Each value in Upload-Metadata has to be base64.")) from exc


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as exc:
        detail = _("Put “id” into Upload-Metadata: a UUID that the phone makes once a file.")
        raise MetadataInvalid(detail) from exc


def _sha256(text: str) -> str:
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        detail = _("Put “sha256” into Upload-Metadata: the file's SHA-256 as 64 hex digits.")
        raise MetadataInvalid(detail)
    return digest


def _content_type(text: str) -> str:
    """A phone's word for it, without parameters; anything odd counts as not said."""
    kind = text.partition(";")[0].strip().lower()
    return kind if _CONTENT_TYPE.fullmatch(kind) else ""
