"""File names that every stick, television and laptop can read."""

import re
import unicodedata
from typing import Final

# A television shows some thirty characters of a name; FAT32 alone would take 255.
LONGEST_SLUG: Final = 40
NAMELESS: Final = "story"

# Lower-case letters of the campaign's languages that don't decompose into an ASCII one and a mark.
_ONE_LETTER: Final = str.maketrans("ɓɗɖŋƴƙɛɔɣəƒøłđı", "bddnykeogefoldi")
_TWO_LETTERS: Final = str.maketrans({"ɲ": "ny", "œ": "oe", "æ": "ae", "ß": "ss"})
# They turn the reading direction, so that a name shows as another than it is.
_DIRECTIONS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def slug(title: str) -> str:
    """Lower-case ASCII letters, digits and single hyphens; `story` when nothing else is left."""
    lower = title.lower().translate(_ONE_LETTER).translate(_TWO_LETTERS)
    plain = unicodedata.normalize("NFKD", lower).encode("ascii", "ignore").decode().lower()
    cut = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG]
    return cut.strip("-") or NAMELESS


def numbered(position: int, title: str, *, of: int) -> str:
    """A name without suffix that sorts by `position`, such as `03_the-way-home`; unique by it."""
    return f"{position:0{max(2, len(str(of)))}}_{slug(title)}"


def one_line(title: str) -> str:
    """The title as text inside a list or manifest: no line ends, controls or turned directions."""
    kept = (" " if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") else c for c in title)
    return " ".join(_DIRECTIONS.sub("", "".join(kept)).split())
