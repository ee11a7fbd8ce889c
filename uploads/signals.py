"""What other rooms may hear of an upload."""

from django.dispatch import Signal

# Sent with `upload` (an Upload) inside the transaction that completes it: what a receiver writes
# becomes true together with the completion, and what it raises undoes both.
completed = Signal()
