"""Does the trail still say what was written?

What cannot be found from here: a chain of which every entry and the chain itself are gone, and a
whole database put back to an older state. Both need a copy of the heads kept elsewhere.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction

from audit import seals
from audit.models import Chain, Entry


class Fault(StrEnum):
    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    CHAIN_CHANGED = "chain changed"
    CHAIN_REMOVED = "chain removed"


@dataclass(frozen=True)
class Finding:
    """`sequence` is 0 where the chain itself is meant."""

    subject: str
    sequence: int
    fault: Fault

    def __str__(self) -> str:
        return f"{self.subject} #{self.sequence}: {self.fault}"


def verify(subject: str | None = None) -> Iterator[Finding]:
    """Every fault in one chain or in all. Holds each chain's lock while it is read."""
    chains = Chain.objects.order_by("subject")
    for name in (chains.filter(subject=subject) if subject else chains).values_list(
        "subject", flat=True
    ):
        yield from _verify_chain(name)
    yield from _orphans(subject)


def _verify_chain(subject: str) -> list[Finding]:
    with transaction.atomic():
        chain = Chain.objects.select_for_update().get(subject=subject)
        entries = list(Entry.objects.of(subject))
    return [*_seal_faults(chain), *_entry_faults(chain, entries)]


def _seal_faults(chain: Chain) -> Iterator[Finding]:
    if chain.seal != seals.of_chain(chain):
        yield Finding(chain.subject, 0, Fault.CHAIN_CHANGED)


def _entry_faults(chain: Chain, entries: Iterable[Entry]) -> Iterator[Finding]:
    expected, previous = 1, ""
    for entry in entries:
        for missing in range(expected, entry.sequence):
            yield Finding(chain.subject, missing, Fault.REMOVED)
            previous = entry.previous
        if entry.sequence > chain.length:
            yield Finding(chain.subject, entry.sequence, Fault.INSERTED)
        elif entry.previous != previous or entry.hash != seals.of_entry(entry):
            yield Finding(chain.subject, entry.sequence, Fault.CHANGED)
        expected, previous = entry.sequence + 1, entry.hash
    for missing in range(expected, chain.length + 1):
        yield Finding(chain.subject, missing, Fault.REMOVED)
    if expected == chain.length + 1 and previous != chain.head:
        yield Finding(chain.subject, chain.length, Fault.CHANGED)


def _orphans(subject: str | None) -> Iterator[Finding]:
    orphans = Entry.objects.exclude(subject__in=Chain.objects.values("subject"))
    if subject:
        orphans = orphans.filter(subject=subject)
    for name in orphans.order_by("subject").values_list("subject", flat=True).distinct():
        yield Finding(name, 0, Fault.CHAIN_REMOVED)
