"""What another process does to a broker's folder; imported there without Django."""

from pathlib import Path
from typing import Any

from kombu import Connection, Exchange, Queue

from config import broker

EACH = 3


def connect(folder: Path) -> Connection:
    return Connection(
        "filesystem://localhost/",
        transport="config.broker:Transport",
        transport_options=broker.options(folder),
    )


def declare_and_ring(folders: list[Path], start: Any) -> None:
    """Begin on each of the fresh `folders` at the moment when the others do."""
    queue = Queue("media", Exchange("media"), routing_key="media")
    for folder in folders:
        with connect(folder) as connection:
            producer = connection.Producer()
            start.wait()
            for number in range(EACH):
                producer.publish({"n": number}, routing_key="media", declare=[queue])
