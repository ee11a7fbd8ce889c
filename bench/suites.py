"""What there is to measure, in the order in which it is."""

from collections.abc import Callable
from typing import Final

from bench import database, media, speech, uploads
from bench.contest import Options, Row

Measure = Callable[[Options], list[Row]]

SUITES: Final[dict[str, Measure]] = {
    "media": media.measure,
    "speech": speech.measure,
    "uploads": uploads.measure,
    "database": database.measure,
}
