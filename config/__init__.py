"""Settings, routes and the broker. Celery's app is made here, so that tasks find it everywhere."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
