"""Cues as WebVTT (W3C) and SubRip files, and back.

Bytes in, bytes out, since encoding and line ends are part of the formats. SubRip is for televisions
and set-top boxes: UTF-8 with a byte order mark and CRLF. Without the mark a set may take the text
for its own code page and garble every ɛ and é; one that doesn't know the mark reads an odd
character before the first cue's number, which is not shown.
"""

import html
import re
from collections.abc import Iterator, Sequence
from typing import Final

from transcode.cues import Cue, tidy

# An hour of speech is some 60 KB; a file that is larger isn't a transcript.
LARGEST_BYTES: Final = 10 * 1024 * 1024

_NEWLINE = re.compile(r"\r\n|\n|\r")
_TAG = re.compile(r"<[^>\n]*>")
_TIME = r"(?:(\d{1,4}):)?([0-5]\d):([0-5]\d)[.,](\d{3})"
_TIMING = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}(?:\s.*)?")


class SubtitleError(Exception):
    """The file can't be read as subtitles: `line` counts from 1, `why` is a code."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line = line
        self.why = why


def write_vtt(cues: Sequence[Cue]) -> bytes:
    blocks = ["WEBVTT"] + [
        f"{_timing(cue, point='.')}\n{html.escape(tidy(cue.text), quote=False)}" for cue in cues
    ]
    return ("\n\n".join(blocks) + "\n").encode()


def write_srt(cues: Sequence[Cue]) -> bytes:
    blocks = [
        f"{number}\n{_timing(cue, point=',')}\n{tidy(cue.text)}\n"
        for number, cue in enumerate(cues, start=1)
    ]
    return "\n".join(blocks).replace("\n", "\r\n").encode("utf-8-sig")


def read_vtt(data: bytes) -> list[Cue]:
    """Cues of a WebVTT file; markup, notes, styles and positions are left out.

    Order and overlap are for `cues.check`. Raises SubtitleError: `too_large`, `not_utf8`,
    `not_webvtt`, `bad_timing`.
    """
    lines = _lines(data)
    if not re.fullmatch(r"WEBVTT(?:[ \t].*)?", lines[0]):
        raise SubtitleError(1, "not_webvtt")
    after_header = next((i for i, line in enumerate(lines) if not line), len(lines))
    return [
        _cue(timing, html.unescape(_TAG.sub("", text)), line=line)
        for line, timing, text in _blocks(lines, first=after_header)
    ]


def read_srt(data: bytes) -> list[Cue]:
    """Cues of a SubRip file, with or without byte order mark, whatever its line ends.

    Raises SubtitleError: `too_large`, `not_utf8`, `bad_timing`.
    """
    return [_cue(timing, text, line=line) for line, timing, text in _blocks(_lines(data), first=0)]


def _lines(data: bytes) -> list[str]:
    if len(data) > LARGEST_BYTES:
        raise SubtitleError(1, "too_large")
    try:
        return [line.rstrip() for line in _NEWLINE.split(data.decode("utf-8-sig"))]
    except UnicodeDecodeError as error:
        raise SubtitleError(data[: error.start].count(b"\n") + 1, "not_utf8") from error


def _blocks(lines: list[str], *, first: int) -> Iterator[tuple[int, str, str]]:
    """(line number, timing, text) of each block that has a timing on its first or second line."""
    at = first
    while at < len(lines):
        end = next((i for i in range(at, len(lines)) if not lines[i]), len(lines))
        block = lines[at:end]
        timing = next((i for i, line in enumerate(block[:2]) if "-->" in line), None)
        if timing is not None:
            yield at + timing + 1, block[timing], "\n".join(block[timing + 1 :])
        at = end + 1


def _cue(timing: str, text: str, *, line: int) -> Cue:
    found = _TIMING.fullmatch(timing)
    if not found:
        raise SubtitleError(line, "bad_timing")
    parts = [int(part or 0) for part in found.groups()]
    return Cue(_seconds(*parts[:4]), _seconds(*parts[4:]), tidy(text))


def _seconds(hours: int, minutes: int, seconds: int, ms: int) -> float:
    return (((hours * 60 + minutes) * 60 + seconds) * 1000 + ms) / 1000


def _timing(cue: Cue, *, point: str) -> str:
    return f"{_clock(cue.start_ms, point=point)} --> {_clock(cue.end_ms, point=point)}"


def _clock(total_ms: int, *, point: str) -> str:
    seconds, ms = divmod(total_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}"
