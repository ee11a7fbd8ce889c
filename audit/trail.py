"""Writing the trail."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from audit import seals
from audit.actions import Action
from audit.actors import Actor
from audit.models import Chain, Entry


def record(action: Action, subject: str, *, by: Actor, **data: Any) -> Entry:
    """Add an entry to the subject's chain, inside the caller's transaction if there is one.

    Locks the chain's row until that transaction ends: entries of one subject queue, those of others
    don't. `subject` is kind and id, such as `story:<uuid>`. `data` holds ids, codes and counts:
    it stays when the story is erased, so nothing about a person may be in it.
    """
    with transaction.atomic(savepoint=False):
        chain, _ = Chain.objects.select_for_update().get_or_create(subject=subject)
        entry = _next(chain, action, by=by, data=seals.plain(data))
        entry.save(force_insert=True)
        _advance(chain, entry)
    return entry


def _next(chain: Chain, action: Action, *, by: Actor, data: dict[str, Any]) -> Entry:
    entry = Entry(
        subject=chain.subject,
        sequence=chain.length + 1,
        action=action.value,
        actor=by.audit_name,
        at=timezone.now(),
        data=data,
        previous=chain.head,
    )
    entry.hash = seals.of_entry(entry)
    return entry


def _advance(chain: Chain, entry: Entry) -> None:
    chain.length = entry.sequence
    chain.head = entry.hash
    chain.seal = seals.of_chain(chain)
    chain.save(update_fields=["length", "head", "seal"])
