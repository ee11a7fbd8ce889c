"""Taking consent back: at any time, without a reason, by a slip's code or through the staff."""

from typing import Final

from django.db import OperationalError, transaction
from django.utils.translation import gettext_lazy as _
from structlog import get_logger

from accounts.models import User
from accounts.throttles import Limit
from audit import ANONYMOUS, Action
from audit.trail import record
from common.errors import Conflict, NotFound
from consent import signals, slips
from consent.models import Storyteller, Withdrawal

log = get_logger()

# SQLSTATE of PostgreSQL, which ends one of the transactions that wait for each other.
DEADLOCK: Final = "40P01"
WRONG_SLIPS: Final = Limit("slip", times=20)


class ConsentWithdrawn(Conflict):
    """What a phone hears that brings something of a storyteller who withdrew before."""

    code = "consent_withdrawn"
    title = _("The storyteller took everything back")

    def __init__(self) -> None:
        super().__init__(
            _(
                "Delete it from the phone. Who wants to tell after all is a new storyteller with "
                "a new slip."
            )
        )


class SlipUnknown(NotFound):
    code = "slip_unknown"
    title = _("This slip code is not known")


def hold_standing(storyteller: Storyteller) -> None:
    """Lock the storyteller's row until the transaction ends; raises `ConsentWithdrawn`.

    A withdrawal in flight waits for what is being added, or that waits for it.
    """
    if Storyteller.objects.locked().get(pk=storyteller.pk).has_withdrawn():
        raise ConsentWithdrawn


def withdraw(storyteller: Storyteller, *, by: User | None, channel: Withdrawal.Channel) -> bool:
    """Withdraw all that the storyteller ever agreed to; return whether this was the first time.

    It stands also when nothing of theirs has arrived yet: `hold_standing` refuses what comes
    later. The later rooms are told in the same transaction: when this returns, nothing of theirs
    may be shown any more.
    """
    try:
        return _withdraw(storyteller, by=by, channel=channel)
    except OperationalError as error:
        # Whatever else was in the circle is through now: a withdrawal is not to lose to it.
        if getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
            raise
        log.warning("withdrawal_deadlocked", storyteller=str(storyteller.pk))
        return _withdraw(storyteller, by=by, channel=channel)


@transaction.atomic
def _withdraw(storyteller: Storyteller, *, by: User | None, channel: Withdrawal.Channel) -> bool:
    held = Storyteller.objects.locked().get(pk=storyteller.pk)
    # Asked once the row is held: another withdrawal may have been first.
    if held.has_withdrawn():
        return False
    who = by or ANONYMOUS
    Withdrawal.objects.create(storyteller=held, channel=channel, by=by)
    record(Action.CONSENT_WITHDRAWN, held.audit_subject, by=who, channel=channel)
    signals.withdrawn.send(Storyteller, storyteller=held, by=who)
    return True


def withdraw_by_slip(code: str, *, address: str) -> bool:
    """Withdraw for whoever holds the slip; raises `SlipMalformed` or `SlipUnknown`.

    A right code is never refused, whatever was tried from the same `address` before: a village
    may share one. Wrong codes are counted and end in `TooManyRequests`; that keeps the log and
    the database quiet, while the codes' 60 bits are what can't be guessed. The look-up is by a
    keyed digest in an index: how long it takes says nothing about the code.
    """
    digest = slips.digest(code)
    storyteller = Storyteller.objects.filter(slip_digest=digest).first()
    if storyteller is None:
        WRONG_SLIPS.check(address)
        WRONG_SLIPS.count(address)
        raise SlipUnknown(_("Check the code on the slip, or ask the programme to withdraw it."))
    return withdraw(storyteller, by=None, channel=Withdrawal.Channel.SLIP)
