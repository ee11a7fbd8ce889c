"""What a row of the trail and a claimed and finished job cost, in INSERTs on the same SQLite."""

import uuid
from typing import Final

from django.db import connection

from audit import SYSTEM, Action
from audit.trail import record
from bench.contest import Options, Row, rates, take_turns
from bench.serving import migrate
from transcode import jobs
from transcode.models import Job, Queue

TIMES: Final = 100
KIND: Final = "bench_nothing"
INSERT: Final = "a committed INSERT"


def measure(options: Options) -> list[Row]:
    migrate()
    jobs.register(KIND, queue=Queue.LIGHT, handler=lambda work: work.finish(lambda: None))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS bench_plain (id INTEGER PRIMARY KEY, said TEXT)")
    contenders = {"insert": _insert, "one": _one_subject, "many": _many_subjects, "jobs": _work}
    costs = take_turns(contenders, rounds=options.rounds, before_each=_make_due)
    speeds = {name: rates(TIMES, spent) for name, spent in costs.items()}
    said = {"unit": "/s", "beside": INSERT, "better": "more"}
    insert = speeds["insert"]
    return [
        Row.pairing(speeds["one"], insert, what="trail: entries of one subject", **said),
        Row.pairing(speeds["many"], insert, what="trail: a new subject each", **said),
        Row.pairing(speeds["jobs"], insert, what="jobs: claimed and finished", **said),
    ]


def _insert() -> None:
    for number in range(TIMES):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO bench_plain (said) VALUES (%s)", [f"{number:0200}"])


def _one_subject() -> None:
    for number in range(TIMES):
        record(Action.SIGNED_IN, "bench:one", by=SYSTEM, number=number)


def _many_subjects() -> None:
    for number in range(TIMES):
        record(Action.SIGNED_IN, f"bench:{uuid.uuid4()}", by=SYSTEM, number=number)


def _make_due() -> None:
    """As many due jobs as one turn works off."""
    due = Job.objects.due().filter(kind=KIND).count()
    Job.objects.bulk_create(
        Job(queue=Queue.LIGHT, kind=KIND, subject=uuid.uuid4(), group=uuid.uuid4())
        for _number in range(TIMES - due)
    )


def _work() -> None:
    for _number in range(TIMES):
        jobs.run_next(Queue.LIGHT)
