"""A whole service in a folder: its own database, store, broker and processes."""

import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import psycopg
from psycopg import sql

from tests.environment import BASE_DIR
from tests.servers import Beat, Process, Server, Worker, child_environment

P = TypeVar("P", bound=Process)


def manage(*arguments: str, env: dict[str, str]) -> str:
    """Standard output of `manage.py`; raises RuntimeError with its errors when it fails."""
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"manage.py {' '.join(arguments)}: {done.stderr[-4000:]}")
    return done.stdout


def folder_environment(folder: Path, *, database_url: str) -> dict[str, str]:
    """The embedded profile with everything below `folder`."""
    return child_environment(
        MAM_VAR=str(folder),
        MAM_STORE=str(folder / "store"),
        MAM_SCRATCH=str(folder / "scratch"),
        MAM_DATABASE_URL=database_url,
        MAM_BROKER_URL="filesystem://",
    )


class SqliteTemplate:
    """A migrated SQLite file, made once a session and copied for every house."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.static = folder / "static"
        prepare(folder_environment(folder, database_url=self._url(folder)))

    @contextmanager
    def database(self, folder: Path) -> Iterator[str]:
        """URL of a migrated database of the house's own."""
        shutil.copy(self.folder / "db.sqlite3", folder / "db.sqlite3")
        yield self._url(folder)

    @staticmethod
    def _url(folder: Path) -> str:
        return f"sqlite:///{folder / 'db.sqlite3'}"


class PostgresTemplate:
    """The same on a PostgreSQL server, where databases are copied with CREATE … TEMPLATE."""

    def __init__(self, folder: Path, *, server_url: str) -> None:
        self.server_url = server_url
        self.name = f"mam_template_{uuid.uuid4().hex}"
        folder.mkdir(parents=True)
        self.static = folder / "static"
        self._execute("CREATE DATABASE {}", self.name)
        prepare(folder_environment(folder, database_url=self._url(self.name)))

    @contextmanager
    def database(self, folder: Path) -> Iterator[str]:
        """URL of a migrated database of the house's own, dropped at the end."""
        name = f"mam_house_{uuid.uuid4().hex}"
        self._execute("CREATE DATABASE {} TEMPLATE {}", name, self.name)
        try:
            yield self._url(name)
        finally:
            self._execute("DROP DATABASE {} WITH (FORCE)", name)

    def close(self) -> None:
        self._execute("DROP DATABASE {} WITH (FORCE)", self.name)

    def _url(self, name: str) -> str:
        return urlsplit(self.server_url)._replace(path=f"/{name}").geturl()

    def _execute(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.server_url, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


Template = SqliteTemplate | PostgresTemplate


def prepare(env: dict[str, str]) -> None:
    """What `make run` does before it serves."""
    manage("migrate", "--verbosity", "0", env=env)
    manage("collectstatic", "--noinput", "--verbosity", "0", env=env)


class House:
    """One service below `folder`; processes it started end with `close`.

    `env` is the environment of its processes; change it before starting one to configure it.
    """

    def __init__(self, folder: Path, *, database_url: str, static: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "static").symlink_to(static)
        self.folder = folder
        self.env = folder_environment(folder, database_url=database_url)
        self.processes: list[Process] = []

    def manage(self, *arguments: str) -> str:
        """Standard output of `manage.py` in this house; RuntimeError when it fails."""
        return manage(*arguments, env=self.env)

    def start_web(self, *, port: int | None = None) -> Server:
        """Return once it answers. `port`: that of one that was killed, to come back there."""
        server = Server(env=self.env, log_path=self._log("web"), port=port)
        return self._started(server)

    def start_worker(self, queue: str) -> Worker:
        return self._started(Worker(queue, env=self.env, log_path=self._log(queue)))

    def start_beat(self) -> Beat:
        return self._started(Beat(env=self.env, log_path=self._log("beat")))

    def close(self) -> None:
        # Side by side: Celery's workers take six seconds each to end, however idle they are.
        with ThreadPoolExecutor(max_workers=8) as pool:
            list(pool.map(Process.stop, self.processes))

    def logs(self, *, last: int = 3000) -> str:
        """The end of each process's log, for a failed test's report."""
        ends = [f"--- {p.log_path.name}\n{p.log[-last:]}" for p in self.processes]
        return "\n".join(ends)

    def _started(self, process: P) -> P:
        self.processes.append(process)
        process.start()
        return process

    def _log(self, name: str) -> Path:
        return self.folder / "logs" / f"{len(self.processes):02}-{name}.log"
