"""Letting phones in, knowing them again, and shutting them out."""

import hashlib
import secrets
from datetime import timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts import throttles
from accounts.models import Device, EnrolmentCode, Programme, User
from accounts.roles import Role, has_role
from audit import Action
from audit.trail import record
from common.errors import Invalid, Problem

# Read out over the phone and typed by hand: no 0/O, 1/I/L, U/V. 29^10 is 48 bits.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTWXYZ"
CODE_LENGTH: Final = 10
CODE_TTL: Final = timedelta(hours=1)
CODE_TTL_RANGE: Final = (timedelta(minutes=15), timedelta(hours=24))
SCHEME: Final = "Device"
# What a 401 asks for: RFC 9110, section 11.6.1.
CHALLENGE: Final = {"WWW-Authenticate": SCHEME}
SEEN_EVERY: Final = timedelta(minutes=5)


class CodeRefused(Problem):
    """Unknown, used and expired look alike: the answer must not help guessing."""

    code = "enrolment_code_refused"
    title = _("This code is not valid, has expired or was used already")


class TokenRefused(Problem):
    status = 401
    code = "token_invalid"
    title = _("This phone is not known here; enrol it with a code from your coordinator")

    def __init__(self) -> None:
        super().__init__(headers=dict(CHALLENGE))


class TokenRevoked(TokenRefused):
    code = "token_revoked"
    title = _("This phone was shut out; ask your coordinator for a new code")


def enrolment_code(
    programme: Programme,
    collector: User,
    *,
    by: User,
    device_name: str = "",
    ttl: timedelta = CODE_TTL,
) -> str:
    """Make a one-time code (`XXXXX-XXXXX`) for a collector's phone; it is shown only now.

    `ttl` is held within 15 minutes and 24 hours. Raises Invalid when the person is no collector
    there.
    """
    if not has_role(collector, programme, Role.COLLECTOR):
        raise Invalid(_("This person is not a collector of this programme."))
    code = "".join(secrets.choice(ALPHABET) for _position in range(CODE_LENGTH))
    shortest, longest = CODE_TTL_RANGE
    with transaction.atomic():
        made = EnrolmentCode.objects.create(
            code_digest=_code_digest(code),
            programme=programme,
            collector=collector,
            device_name=device_name,
            created_by=by,
            expires_at=timezone.now() + min(max(ttl, shortest), longest),
        )
        record(
            Action.ENROLMENT_CODE_MADE,
            programme.audit_subject,
            by=by,
            enrolment_code=made.pk,
            collector=collector.pk,
        )
    return f"{code[:5]}-{code[5:]}"


def enrol(code: str, *, address: str, name: str = "") -> tuple[Device, str]:
    """Use the code up and return the new device with its token, which is shown only now.

    Locks the code's row: of two phones with one code, one gets in. Raises CodeRefused; those are
    counted by `address` and end in TooManyRequests.
    """
    throttles.ENROL_BY_ADDRESS.check(address)
    try:
        return _enrol(code, name=name)
    except CodeRefused:
        throttles.ENROL_BY_ADDRESS.count(address)
        raise


def _enrol(code: str, *, name: str) -> tuple[Device, str]:
    with transaction.atomic():
        permit = _usable(code)
        token = secrets.token_urlsafe(32)
        device = Device.objects.create(
            programme=permit.programme,
            collector=permit.collector,
            name=name or permit.device_name or str(_("Phone")),
            token_digest=_token_digest(token),
        )
        permit.used_at, permit.device = device.enrolled_at, device
        permit.save(update_fields=["used_at", "device"])
        record(
            Action.DEVICE_ENROLLED,
            device.audit_subject,
            by=device,
            programme=permit.programme_id,
            collector=permit.collector_id,
            enrolment_code=permit.pk,
        )
    return device, token


def _usable(code: str) -> EnrolmentCode:
    permit = (
        EnrolmentCode.objects.select_for_update(of=("self",))
        .select_related("programme", "collector")
        .filter(code_digest=_code_digest(code), used_at=None, expires_at__gt=timezone.now())
        .first()
    )
    if permit is None or not has_role(permit.collector, permit.programme, Role.COLLECTOR):
        raise CodeRefused
    return permit


def token_in(authorization: str) -> str:
    """The token in an Authorization header of ours; empty when it is none of ours."""
    scheme, _space, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == SCHEME.lower() else ""


def authenticate(token: str) -> Device:
    """The device that holds `token`, with collector and programme loaded.

    Raises TokenRefused (401 `token_invalid`), or TokenRevoked when the phone was revoked or its
    collector is no collector any more. Notes the time at most every five minutes.
    """
    device = (
        Device.objects.select_related("collector", "programme")
        .filter(token_digest=_token_digest(token))
        .first()
    )
    if device is None:
        raise TokenRefused
    if device.is_revoked or not has_role(device.collector, device.programme, Role.COLLECTOR):
        raise TokenRevoked
    _seen(device)
    return device


def _seen(device: Device) -> None:
    now = timezone.now()
    stale = Q(last_seen_at=None) | Q(last_seen_at__lt=now - SEEN_EVERY)
    if device.last_seen_at is None or device.last_seen_at < now - SEEN_EVERY:
        Device.objects.filter(stale, pk=device.pk).update(last_seen_at=now)
        device.last_seen_at = now


def revoke(device: Device, *, by: User) -> Device:
    """Shut the phone out from its next request on; again is no error and leaves no new entry."""
    with transaction.atomic():
        locked = Device.objects.select_for_update().get(pk=device.pk)
        if not locked.is_revoked:
            locked.revoked_at = timezone.now()
            locked.save(update_fields=["revoked_at"])
            record(Action.DEVICE_REVOKED, locked.audit_subject, by=by)
    device.revoked_at = locked.revoked_at
    return device


def limits() -> dict[str, int]:
    """What a phone has to know before it records."""
    return {"upload_max_bytes": settings.UPLOAD_MAX_BYTES}


def _code_digest(code: str) -> str:
    """Keyed, since 48 bits alone could be tried out by who holds a copy of the table."""
    letters = "".join(letter for letter in code.upper() if letter.isalnum())
    return salted_hmac("accounts.enrolment_code", letters, algorithm="sha256").hexdigest()


def _token_digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
