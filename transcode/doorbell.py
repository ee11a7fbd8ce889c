"""The doorbell: a message that says "look at this queue", and carries nothing worth keeping."""

import structlog
from celery import current_app
from kombu.exceptions import KombuError

# A worker busy for longer rings for itself when it is done, and the sweep rings again.
UNHEARD_AFTER_S = 60

log = structlog.get_logger(__name__)


def ring(queue: str) -> None:
    """Tell the workers of `queue` to look. Never raises for the broker's sake: the row stays due,
    and the sweep rings again."""
    try:
        current_app.send_task(
            "transcode.tasks.ring", args=[queue], queue=queue, expires=UNHEARD_AFTER_S
        )
    except (KombuError, OSError) as error:
        log.warning("doorbell_lost", queue=queue, error=type(error).__name__)
