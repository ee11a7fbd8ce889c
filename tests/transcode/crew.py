"""Real workers on the test's own database, to be killed."""

from pathlib import Path
from typing import TypeVar

from django.conf import settings
from django.db import connection

from tests.servers import Beat, Process, Worker, child_environment, descendants
from transcode.models import Job, Queue

P = TypeVar("P", bound=Process)


def database_url() -> str:
    if connection.vendor == "sqlite":
        return f"sqlite:///{connection.settings_dict['NAME']}"
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)


class Crew:
    """Celery's processes on the test's database, with a lease of two seconds."""

    def __init__(self, folder: Path, **env: str) -> None:
        self.folder = folder
        self.processes: list[Process] = []
        self.env = child_environment(
            MAM_DATABASE_URL=database_url(),
            MAM_VAR=str(settings.VAR),
            MAM_STORE=str(settings.STORE_ROOT),
            MAM_SCRATCH=str(settings.SCRATCH_ROOT),
            MAM_JOB_LEASE_S="2",
            MAM_SWEEP_EVERY_S="1",
            **env,
        )

    def worker(self, queue: Queue) -> Worker:
        return self._start(Worker(queue, env=self.env, log_path=self._log(queue)))

    def beat(self) -> Beat:
        return self._start(Beat(env=self.env, log_path=self._log("beat")))

    def holder(self, job: Job) -> Process:
        pid = int(job.worker.rpartition(":")[2])
        return next(p for p in self.processes if p.is_alive and pid in descendants(p.pid))

    def dismiss(self) -> None:
        for process in self.processes:
            process.kill9()

    def _start(self, process: P) -> P:
        self.processes.append(process)
        process.start()
        return process

    def _log(self, name: str) -> Path:
        return self.folder / f"{len(self.processes)}-{name}.log"
