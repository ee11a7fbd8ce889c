"""Timed lines of a transcript: made from speech by subtitle norms, checked after people edit them.

Norms: at most 2 lines of 42 characters, 1 to 7 s, at most 17 characters a second where the speech
allows, broken at phrases (Netflix Timed Text Style Guide; BBC Subtitle Guidelines; slow readers).
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Final

from transcode.speech import Speech, Word

LINES: Final = 2
LINE_CHARS: Final = 42
SHORTEST_S: Final = 1.0
LONGEST_S: Final = 7.0
CHARS_A_SECOND: Final = 17.0
# Somebody who pauses longer than this has ended a phrase, whatever the punctuation says.
PAUSE_S: Final = 1.0
SENTENCE_ENDS: Final = (".", "!", "?", "\u2026", "\u061f", "\u1362", "\u3002")
PHRASE_ENDS: Final = (",", ";", ":", "\u2013", "\u2014", "\u060c")

# What a break costs against the others that would fit; chosen by reading the results.
EACH_CUE: Final = 1.0
SENTENCE_INSIDE: Final = 1.2
AFTER_PHRASE: Final = 0.5
AFTER_PAUSE: Final = 0.7
INSIDE_PHRASE: Final = 3.0
TOO_SHORT: Final = 4.0
TOO_FAST: Final = 1.5


class CueError(Exception):
    """A cue that can't stand: `index` counts from 0, `why` is one of the codes of `check`."""

    def __init__(self, index: int, why: str) -> None:
        super().__init__(f"cue {index}: {why}")
        self.index = index
        self.why = why


@dataclass(frozen=True, slots=True)
class Cue:
    """Seconds from the recording's start, in whole milliseconds; lines parted by a newline."""

    start_s: float
    end_s: float
    text: str

    @property
    def start_ms(self) -> int:
        return round(self.start_s * 1000)

    @property
    def end_ms(self) -> int:
        return round(self.end_s * 1000)


def cues_from(speech: Speech) -> list[Cue]:
    """Cues that `check` accepts, in order, without overlap; only speech is in them."""
    words = list(_words_that_fit(speech.words))
    cues = [_cue(part) for phrase in _phrases(words) for part in _best_parts(phrase)]
    return _readable(cues, duration_s=speech.duration_s)


def check(cues: Sequence[Cue], *, duration_s: float) -> None:
    """Raise CueError for the first cue that can't be shown.

    Codes: `negative_start`, `not_after_start`, `after_the_end`, `too_long`, `out_of_order`,
    `overlap`, `empty`, `too_many_lines`, `line_too_long`.
    """
    for index, cue in enumerate(cues):
        if why := _fault(cue, duration_s=duration_s):
            raise CueError(index, why)
    for index, (before, after) in enumerate(pairwise(cues), start=1):
        if after.start_ms < before.start_ms:
            raise CueError(index, "out_of_order")
        if after.start_ms < before.end_ms:
            raise CueError(index, "overlap")


def to_json(cues: Sequence[Cue]) -> list[list[int | str]]:
    """Rows of start in ms, end in ms, text."""
    return [[cue.start_ms, cue.end_ms, cue.text] for cue in cues]


def from_json(rows: Sequence[object]) -> list[Cue]:
    """The reverse of `to_json`; text is tidied. Raises CueError with `malformed`."""
    return [_from_row(index, row) for index, row in enumerate(rows)]


def tidy(text: str) -> str:
    """NFC, no control characters, single spaces, no blank lines: fit for any subtitle file."""
    lines = unicodedata.normalize("NFC", text).replace("\r", "\n").split("\n")
    return "\n".join(filter(None, (_tidy_line(line) for line in lines)))


def _tidy_line(line: str) -> str:
    # Cs: lone surrogates from broken JSON can't be written as UTF-8.
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in line)
    # Only plain spaces: French sets no-break ones before its ! and ?.
    return re.sub(" +", " ", "".join(kept)).strip()


def _from_row(index: int, row: object) -> Cue:
    match row:
        case [int(start), int(end), str(text)]:
            return Cue(start / 1000, end / 1000, tidy(text))
    raise CueError(index, "malformed")


def _fault(cue: Cue, *, duration_s: float) -> str | None:
    lines = cue.text.split("\n")
    faults: Mapping[str, bool] = {
        "negative_start": cue.start_ms < 0,
        "not_after_start": cue.end_ms <= cue.start_ms,
        "after_the_end": cue.end_ms > round(duration_s * 1000),
        "too_long": cue.end_ms - cue.start_ms > LONGEST_S * 1000,
        "empty": not cue.text.strip(),
        "too_many_lines": len(lines) > LINES,
        "line_too_long": max(map(len, lines)) > LINE_CHARS,
    }
    return next((why for why, is_so in faults.items() if is_so), None)


def _words_that_fit(words: Sequence[Word]) -> Iterator[Word]:
    """Tidy words; one longer than a line is cut into pieces that share its time."""
    for word in words:
        text = tidy(word.text).replace("\n", " ")
        pieces = [text[at : at + LINE_CHARS] for at in range(0, len(text), LINE_CHARS)]
        step_s = (word.end_s - word.start_s) / max(1, len(pieces))
        for number, piece in enumerate(pieces):
            start_s = word.start_s + number * step_s
            yield replace(word, text=piece, start_s=start_s, end_s=start_s + step_s)


def _phrases(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Runs of words without a long pause: no cue spans one."""
    phrase: list[Word] = []
    for word in words:
        if phrase and word.start_s - phrase[-1].end_s > PAUSE_S:
            yield phrase
            phrase = []
        phrase.append(word)
    if phrase:
        yield phrase


def _best_parts(phrase: list[Word]) -> list[list[Word]]:
    """The cheapest way to part a phrase into cues, by dynamic programming over its breaks."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(phrase) + 1):
        best.append(min(_ways_to_end(phrase, end, best=best)))
    parts, end = [], len(phrase)
    while end:
        start = best[end][1]
        parts.append(phrase[start:end])
        end = start
    return parts[::-1]


def _ways_to_end(
    phrase: list[Word], end: int, *, best: list[tuple[float, int]]
) -> Iterator[tuple[float, int]]:
    """(cost, start) of every cue that could end before word `end`, the shortest first."""
    following = phrase[end] if end < len(phrase) else None
    for start in range(end - 1, -1, -1):
        words = phrase[start:end]
        if start < end - 1 and not _fits(words):
            return
        yield best[start][0] + _cost(words, following=following), start


def _fits(words: Sequence[Word]) -> bool:
    return words[-1].end_s - words[0].start_s <= LONGEST_S and _lines(words) is not None


def _cost(words: Sequence[Word], *, following: Word | None) -> float:
    # Time up to the next word can be used to go on showing the cue.
    until_s = following.start_s if following else inf
    shown_s = max(until_s - words[0].start_s, words[-1].end_s - words[0].start_s)
    chars = len(" ".join(word.text for word in words))
    cost = EACH_CUE + _break_cost(words[-1], following=following)
    cost += SENTENCE_INSIDE * sum(map(_ends_sentence, words[:-1]))
    cost += TOO_SHORT * max(0.0, SHORTEST_S - shown_s)
    return cost + TOO_FAST * max(0.0, chars / max(shown_s, 0.001) / CHARS_A_SECOND - 1)


def _break_cost(word: Word, *, following: Word | None) -> float:
    if following is None or _ends_sentence(word):
        return 0.0
    if word.text.endswith(PHRASE_ENDS):
        return AFTER_PHRASE
    return AFTER_PAUSE if following.start_s - word.end_s > PAUSE_S / 3 else INSIDE_PHRASE


def _ends_sentence(word: Word) -> bool:
    return word.text.rstrip("\"'»”)").endswith(SENTENCE_ENDS)


def _lines(words: Sequence[Word]) -> str | None:
    """The text on one line, else on the two best ones; None if it doesn't fit."""
    whole = " ".join(word.text for word in words)
    if len(whole) <= LINE_CHARS:
        return whole
    if len(whole) > LINES * LINE_CHARS + 1:
        return None
    splits: list[tuple[str, str]] = [
        (" ".join(w.text for w in words[:at]), " ".join(w.text for w in words[at:]))
        for at in range(1, len(words))
    ]
    fitting = [pair for pair in splits if max(map(len, pair)) <= LINE_CHARS]
    if not fitting:
        return None
    above, below = min(fitting, key=_raggedness)
    return f"{above}\n{below}"


def _raggedness(pair: tuple[str, str]) -> float:
    """Even lines read best, unless a phrase ends near the middle."""
    unevenness = abs(len(pair[0]) - len(pair[1]))
    return unevenness - (12 if pair[0].endswith(SENTENCE_ENDS + PHRASE_ENDS) else 0)


def _cue(words: Sequence[Word]) -> Cue:
    text = _lines(words) or words[0].text
    # NFC of the parts is not NFC of the whole: joining can bring a mark behind its letter.
    return Cue(words[0].start_s, words[-1].end_s, unicodedata.normalize("NFC", text))


def _readable(cues: Sequence[Cue], *, duration_s: float) -> list[Cue]:
    """Give each cue the time that reading takes, as far as its neighbours and the end leave it."""
    result: list[Cue] = []
    for index, cue in enumerate(cues):
        earliest_s = result[-1].end_s if result else 0.0
        latest_s = cues[index + 1].start_s if index + 1 < len(cues) else duration_s
        timed = _timed(cue, earliest_s=earliest_s, latest_s=min(latest_s, duration_s))
        if timed.end_ms > timed.start_ms:
            result.append(timed)
    return result


def _timed(cue: Cue, *, earliest_s: float, latest_s: float) -> Cue:
    start_s = min(max(cue.start_s, earliest_s), latest_s)
    wanted_s = max(cue.end_s - start_s, SHORTEST_S, len(cue.text) / CHARS_A_SECOND)
    end_s = min(start_s + min(wanted_s, LONGEST_S), latest_s)
    if end_s - start_s < SHORTEST_S:
        start_s = max(earliest_s, end_s - SHORTEST_S)
    return Cue(round(start_s, 3), round(end_s, 3), cue.text)
