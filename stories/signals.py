"""What a story tells the rooms after it, inside the transaction that moved it."""

from django.dispatch import Signal

# kwargs: story (Story, locked), before (Status), by (audit actor)
moved = Signal()
