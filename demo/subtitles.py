"""What a person would write where no machine knows the language: two lines that say so."""

from typing import Final

TEXT: Final = ("Demo: no machine knows this language.", "Here a person writes down what is said.")
LONGEST_S: Final = 6.0


def written(*, duration_s: float) -> bytes:
    """`TEXT` as a SubRip file for a recording of that length."""
    step_ms = round(min(duration_s / len(TEXT), LONGEST_S) * 1000)
    cues = [
        f"{number}\r\n{_clock(step_ms * (number - 1))} --> {_clock(step_ms * number)}\r\n{text}\r\n"
        for number, text in enumerate(TEXT, start=1)
    ]
    return "\r\n".join(cues).encode()


def _clock(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    return f"00:00:{seconds:02},{ms:03}"
