"""What the first bytes say, before any demuxer sees the file."""

from pathlib import Path

from transcode.faults import Fault, Unplayable

HEAD_BYTES = 4096
_LISTS = (b"#extm3u", b"ffconcat version", b"<mpd", b"[playlist]", b"<smil", b"<asx")
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF8", b"II*\x00", b"MM\x00*")
_BOXES = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"moof", b"styp"}
_CONTAINERS = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"fLaC", b"#!AMR", b"FLV\x01")


def refuse_disguises(path: Path) -> None:
    """Raise `Unplayable` for an empty file, a still picture, and a list that names other files.

    The demuxer whitelist refuses them too; this says it in better words.
    """
    head = _head(path)
    if not head:
        raise Unplayable(Fault.EMPTY_FILE)
    if _is_list(head[:1024].lower()):
        raise Unplayable(Fault.PLAYLIST)
    if head.startswith(_PICTURES):
        raise Unplayable(Fault.NOT_MEDIA)


def _is_list(start: bytes) -> bool:
    # Lists are text; a recording has a zero byte early on and may hold any letters by chance.
    return b"\0" not in start and any(mark in start for mark in _LISTS)


def why_unreadable(path: Path) -> Fault:
    """The likeliest reason why ffprobe can't open it: a known container was cut."""
    head = _head(path)
    known = head[4:8] in _BOXES or head.startswith(_CONTAINERS)
    return Fault.TRUNCATED if known else Fault.NOT_MEDIA


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)
