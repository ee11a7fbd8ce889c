"""Word error rate of a transcript, by jiwer, on what is said and not on how it is written."""

import re
import unicodedata

import jiwer


def word_error_rate(reference: str, transcript: str) -> float:
    """Errors (substituted, missing, added words) for each word of the reference; 0 is perfect.

    Case, punctuation, kinds of apostrophe and hyphens don't count; accents and digits do.
    """
    return float(jiwer.wer(normalised(reference), normalised(transcript)))


def normalised(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'").replace("-", " ")
    return " ".join(re.sub(r"[^\w\s']", " ", plain).split())
