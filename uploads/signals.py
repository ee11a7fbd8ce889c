"""What other rooms may hear of an upload."""

from django.dispatch import Signal

# Sent with `upload` (an Upload) inside the transaction that concludes it as failed, because what
# arrived is not what was declared: what a receiver writes becomes true together with the failure,
# and what it raises undoes both.
failed = Signal()
