"""The evening as a bar: each film as wide as it is long, against 45 minutes."""

from collections.abc import Sequence
from dataclasses import dataclass

from screenings.playlists import EVENING_S, Line, duration_s


@dataclass(frozen=True)
class Segment:
    """Whole seconds from the start: whole numbers are written alike in every language."""

    start: int
    width: int
    title: str


@dataclass(frozen=True)
class Timeline:
    films: Sequence[Line]

    @property
    def total_s(self) -> float:
        return duration_s(self.films)

    @property
    def target(self) -> int:
        return EVENING_S

    @property
    def scale(self) -> int:
        """What the whole width stands for."""
        return max(EVENING_S, round(self.total_s))

    @property
    def left_s(self) -> float:
        """To 45 minutes; negative when the evening is longer."""
        return EVENING_S - self.total_s

    @property
    def over_s(self) -> float:
        return max(0.0, -self.left_s)

    @property
    def segments(self) -> list[Segment]:
        segments, at = [], 0
        for film in self.films:
            width = round(film.duration_s or 0)
            if film.may_be_shown:
                segments.append(Segment(at, width, film.title or ""))
            at += width
        return segments
