"""Taking consent back: at any time, without a reason, by a slip's code or through the staff."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit import ANONYMOUS, Action
from audit.trail import record
from common.errors import NotFound
from consent import signals, slips
from consent.models import ConsentRecord, Storyteller, Withdrawal


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


def withdraw_by_slip(code: str) -> int:
    """Withdraw for whoever holds the slip; raises `SlipMalformed` or `SlipUnknown`."""
    storyteller = Storyteller.objects.filter(slip_digest=slips.digest(code)).first()
    if storyteller is None:
        raise SlipUnknown(_("Check the code on the slip, or ask the programme to withdraw it."))
    return withdraw(storyteller, by=None, channel=Withdrawal.Channel.SLIP)
