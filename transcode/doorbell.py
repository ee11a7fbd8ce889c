"""The doorbell: a message that says "look at this queue", and carries nothing worth keeping."""

import structlog
from celery import current_app
from kombu.exceptions import KombuError

from common.health import Health

# A worker busy for longer rings for itself when it is done, and the sweep rings again.
UNHEARD_AFTER_S = 60

# A page that asks for health can't wait longer.
CONNECT_TIMEOUT_S = 2

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


def broker_health() -> Health:
    """Whether the broker takes connections; a broker that is away loses no work, only time."""
    with current_app.connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, timeout=CONNECT_TIMEOUT_S)
        return Health(ok=True, detail=str(connection.transport.driver_type))
