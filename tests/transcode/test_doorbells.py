import multiprocessing
from pathlib import Path
from queue import Empty
from typing import cast

from kombu import Connection

from config import broker, celery_app
from tests.transcode.ringing import EACH, connect, declare_and_ring
from transcode import doorbell
from transcode.models import Queue

MANY = 4
FOLDERS = 25


def unread(folder: Path) -> int:
    return len(list((folder / "messages").iterdir()))


def channel(connection: Connection) -> broker.Channel:
    return cast(broker.Channel, connection.default_channel)


def take_all(folder: Path) -> list[object]:
    taken = []
    with connect(folder) as connection:
        try:
            while True:
                taken.append(channel(connection)._get("media"))
        except Empty:
            return taken


def test_processes_that_start_and_ring_at_once_disturb_nobody(tmp_path):
    """Fails with Kombu's own channel: it reads what another process is just writing."""
    context = multiprocessing.get_context("spawn")
    folders = [tmp_path / str(number) for number in range(FOLDERS)]
    arguments = (folders, context.Barrier(MANY, timeout=30))
    ringing = [context.Process(target=declare_and_ring, args=arguments) for _ in range(MANY)]
    for process in ringing:
        process.start()

    taken = 0
    while any(process.is_alive() for process in ringing):
        taken += sum(len(take_all(folder)) for folder in folders)
    taken += sum(len(take_all(folder)) for folder in folders)

    assert [process.exitcode for process in ringing] == [0] * MANY
    assert taken == FOLDERS * MANY * EACH


def test_a_message_cut_short_by_a_power_failure_is_skipped(tmp_path):
    with connect(tmp_path) as connection:
        channel(connection)._put("media", {"whole": True})
    (tmp_path / "messages" / "0.media.msg").write_text('{"bod')

    assert take_all(tmp_path) == [{"whole": True}]
    assert unread(tmp_path) == 0


def test_bells_that_nobody_hears_do_not_pile_up(tmp_path):
    with connect(tmp_path) as connection:
        for _ in range(broker.ENOUGH_UNREAD + 20):
            channel(connection)._put("media", {})

    assert unread(tmp_path) == broker.ENOUGH_UNREAD


def test_a_broker_that_is_away_does_not_refuse_the_work(monkeypatch):
    def away(*args: object, **options: object) -> None:
        raise OSError

    monkeypatch.setattr(celery_app, "send_task", away)

    doorbell.ring(Queue.MEDIA)
