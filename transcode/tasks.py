"""Doorbells: a message only says "look"; what there is to do stands in the rows."""

from typing import Any

from celery import Task, shared_task
from celery.signals import worker_ready, worker_shutdown

from transcode import jobs, workers


@shared_task(bind=True, name="transcode.tasks.ring", acks_late=True, ignore_result=True)
def ring(task: Task[Any, Any], queue: str) -> None:
    jobs.run_next(queue, worker=task.request.hostname or "")


@shared_task(name="transcode.tasks.sweep", ignore_result=True)
def sweep() -> None:
    jobs.sweep()


@worker_ready.connect
def announce(sender: Any, **signal: Any) -> None:
    queues = [queue.name for queue in sender.task_consumer.queues]
    workers.started(sender.hostname, queues)
    sender.timer.call_repeatedly(workers.PULSE_S, workers.pulse, (sender.hostname, queues))


@worker_shutdown.connect
def leave(sender: Any, **signal: Any) -> None:
    workers.gone(sender.hostname)
