"""The code on the storyteller's slip of paper: enough, alone, to withdraw.

The phone makes it, since it may be offline: 12 characters of Crockford's base 32 (60 bits, no
I, L, O, U), written in groups of four. Only a keyed digest is stored.
"""

import hmac
import re

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Problem

SHAPE = re.compile(r"[0-9A-HJKMNP-TV-Z]{12}")


class SlipMalformed(Problem):
    code = "slip_malformed"
    title = _("This is not a slip code")


def normalise(code: str) -> str:
    """Return the code as stored: upper case, no separators, look-alikes read as digits.

    Raises `SlipMalformed` when it has not the shape of a code.
    """
    plain = re.sub(r"[\s-]", "", code).upper().translate(str.maketrans("OIL", "011"))
    if not SHAPE.fullmatch(plain):
        raise SlipMalformed(_("A slip code has 12 letters and digits, in three groups of four."))
    return plain


def digest(code: str) -> str:
    """Return the keyed digest of a code in any spelling; raises `SlipMalformed`."""
    # A key of its own: the one that signs sessions may be changed, slips are on paper for years.
    return hmac.new(settings.SLIP_KEY.encode(), normalise(code).encode(), "sha256").hexdigest()
