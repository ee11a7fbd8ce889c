"""The languages that people speak, record and read in: codes and names, and nothing else.

A code is BCP-47: ISO 639-1 where a language has one, otherwise ISO 639-3. What a machine can do
with a language is known in `transcode/speech.py`.
"""

from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# First the campaign's own languages, then those that are spoken along the routes, so that a
# recording from there is not refused as "no such language".
NAMES: Final[dict[str, Promise]] = {
    "fr": _("French"),
    "en": _("English"),
    "es": _("Spanish"),
    "ht": _("Haitian Creole"),
    "ha": _("Hausa"),
    "yo": _("Yoruba"),
    "wo": _("Wolof"),
    "ff": _("Fula"),
    "fuc": _("Pulaar"),
    "fuf": _("Pular"),
    "mnk": _("Mandinka"),
    "emk": _("Eastern Maninka"),
    "sus": _("Susu"),
    "snk": _("Soninke"),
    "srr": _("Serer"),
    "dyo": _("Jola-Fonyi"),
    "ig": _("Igbo"),
    "pcm": _("Nigerian Pidgin"),
    "bin": _("Edo"),
    "kri": _("Krio"),
    "men": _("Mende"),
    "tem": _("Temne"),
    "kpe": _("Kpelle"),
    "dyu": _("Dioula"),
    "bci": _("Baoulé"),
    "am": _("Amharic"),
    "ar": _("Arabic"),
    "bm": _("Bambara"),
    "dje": _("Zarma"),
    "ee": _("Ewe"),
    "kr": _("Kanuri"),
    "ln": _("Lingala"),
    "pt": _("Portuguese"),
    "so": _("Somali"),
    "sw": _("Swahili"),
    "ti": _("Tigrinya"),
    "tw": _("Twi"),
}


def is_known(code: str) -> bool:
    """Whether stories, consent texts and programmes may carry this code; case matters."""
    return code in NAMES


def name(code: str) -> Promise | str:
    """The language's name in the reader's language; an unknown code names itself."""
    return NAMES.get(code, code)
