"""Celery carries doorbells and the sweep's clock, nothing else: see docs/decisions."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import setup_logging
from django.conf import settings

from config import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


def configuration() -> dict[str, Any]:
    """Return Celery's settings; asked when first needed, since Django's must be there by then."""
    return {
        **_broker(settings.BROKER_URL),
        "task_acks_late": True,
        # With late acknowledgement: a busy process holds no bell that an idle one could hear.
        "worker_prefetch_multiplier": 1,
        "task_ignore_result": True,
        "task_default_queue": "light",
        "worker_hijack_root_logger": False,
        # A broker that comes back finds the encodes still running: the rows know of them.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        "broker_connection_retry_on_startup": True,
        # Celery holds a killed child's place for ten seconds in case its result is still coming.
        "worker_lost_wait": 1.0,
        "beat_schedule": {"sweep": _sweep(settings.SWEEP_EVERY_S)},
        "beat_schedule_filename": str(settings.VAR / "beat"),
        "timezone": settings.TIME_ZONE,
    }


def _broker(url: str) -> dict[str, Any]:
    if not url.startswith("filesystem:"):
        return {"broker_url": url}
    return {
        # Without a host Kombu warns in every process.
        "broker_url": "filesystem://localhost/",
        "broker_transport": "config.broker:Transport",
        "broker_transport_options": broker.options(settings.BROKER_FOLDER),
        # Its replies and broadcasts would be files that nobody fetches.
        "worker_enable_remote_control": False,
    }


def _sweep(every_s: int) -> dict[str, Any]:
    options = {"queue": "light", "expires": every_s}
    return {"task": "transcode.tasks.sweep", "schedule": every_s, "options": options}


app = Celery("story-backend")
app.add_defaults(configuration)
app.autodiscover_tasks(["transcode"])


@setup_logging.connect
def keep_logging(**signal: Any) -> None:
    """Leave Django's logging as it is, as Celery does when anybody is connected here.

    That a bell was heard says nothing, several times a second; the jobs have lines of their own.
    """
    for chatty in ("celery.worker.strategy", "celery.app.trace"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
