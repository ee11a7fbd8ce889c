"""Names and contacts at rest: Fernet (AES-128-CBC with HMAC-SHA256), newest key first.

`settings.IDENTITY_KEYS` may be any strings; each is stretched to a Fernet key by SHA-256, which
suffices for keys that are random. Rotate by putting a new key in front; older ones still read.
"""

import base64
import hashlib

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.errors import Unavailable


class VaultLocked(Unavailable):
    code = "identity_key_missing"
    title = _("The key for identities is missing")


def _fernet() -> MultiFernet:
    digests = (hashlib.sha256(key.encode()).digest() for key in settings.IDENTITY_KEYS)
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def seal(text: str) -> bytes:
    return _fernet().encrypt(text.encode())


def unseal(sealed: bytes | memoryview) -> str:
    """Return the text; raises `VaultLocked` when none of the keys fits."""
    try:
        return _fernet().decrypt(bytes(sealed)).decode()
    except InvalidToken as error:
        raise VaultLocked(_("Put the key that sealed it back into MAM_IDENTITY_KEYS.")) from error
