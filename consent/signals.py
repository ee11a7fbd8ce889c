"""What consent tells the rooms after it, inside the transaction that recorded it."""

from django.dispatch import Signal

# kwargs: record (ConsentRecord), by (audit actor)
withdrawn = Signal()
