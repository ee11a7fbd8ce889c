"""What consent tells the rooms after it, inside the transaction that recorded it."""

from django.dispatch import Signal

# kwargs: storyteller (Storyteller, locked, who took back all that is theirs), by (audit actor)
withdrawn = Signal()
