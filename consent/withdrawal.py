"""Taking consent back: at any time, without a reason, by a slip's code or through the staff."""

from typing import Final

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.throttles import Limit
from audit import ANONYMOUS, Action
from audit.trail import record
from common.errors import NotFound
from consent import signals, slips
from consent.models import ConsentRecord, Storyteller, Withdrawal

WRONG_SLIPS: Final = Limit("slip", times=20)


class SlipUnknown(NotFound):
    code = "slip_unknown"
    title = _("This slip code is not known")


def withdraw(storyteller: Storyteller, *, by: User | None, channel: Withdrawal.Channel) -> int:
    """Withdraw every record of the storyteller that still stands; return how many.

    Locks the records, so that no story can be declared on one meanwhile, and tells the later
    rooms in the same transaction: when this returns, nothing of theirs may be shown any more.
    """
    with transaction.atomic():
        locked = list(
            storyteller.records.select_for_update(of=("self",), no_key=True).order_by("pk")
        )
        # Asked once the locks are held: another withdrawal may have been first.
        standing = [consent for consent in locked if not consent.withdrawals.exists()]
        for consent in standing:
            Withdrawal.objects.create(record=consent, channel=channel, by=by)
            record(
                Action.CONSENT_WITHDRAWN, consent.audit_subject, by=by or ANONYMOUS, channel=channel
            )
            signals.withdrawn.send(ConsentRecord, record=consent, by=by or ANONYMOUS)
    return len(standing)


def withdraw_by_slip(code: str, *, address: str) -> int:
    """Withdraw for whoever holds the slip; raises `SlipMalformed` or `SlipUnknown`.

    Wrong codes are counted by `address` and end in `TooManyRequests`: 60 bits can't be guessed at
    that rate, and a village behind one address still gets through.
    """
    WRONG_SLIPS.check(address)
    digest = slips.digest(code)
    storyteller = Storyteller.objects.filter(slip_digest=digest).first()
    if storyteller is None:
        WRONG_SLIPS.count(address)
        raise SlipUnknown(_("Check the code on the slip, or ask the programme to withdraw it."))
    return withdraw(storyteller, by=None, channel=Withdrawal.Channel.SLIP)
