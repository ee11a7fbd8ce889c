"""Receiving a large file from a phone beside writing the same bytes to the same disk."""

import os
import shutil
from collections import defaultdict
from functools import partial
from pathlib import Path
from typing import Final

from bench import recordings
from bench.contest import Costs, Options, Row, rates, take_turns
from bench.environment import VAR
from bench.phone import Content, Phone
from bench.serving import Server, migrate, serving

MB: Final = 1024 * 1024
SIZE_MB: Final = 256
PIECE_MB: Final = 4
VERIFIED: Final = "verified, durable"


def measure(options: Options) -> list[Row]:
    content = Content(recordings.looped_bytes(SIZE_MB * MB))
    migrate()
    with serving() as server:
        sending = _Sending(server, content)
        costs = take_turns(
            {
                "one": partial(sending.send, SIZE_MB),
                "many": partial(sending.send, PIECE_MB),
                "disk": partial(_write, content.body, sync_mb=SIZE_MB),
                "disk, often": partial(_write, content.body, sync_mb=PIECE_MB),
            },
            rounds=options.rounds,
            before_each=_clean_disk,
        )
        return [*_throughput(costs), *sending.rows()]


class _Sending:
    """A phone at the server, and what its uploads cost the server by size of PATCH."""

    def __init__(self, server: Server, content: Content) -> None:
        self._server, self._content = server, content
        self._phone = Phone(server.port)
        self._cpu_s: dict[int, list[float]] = defaultdict(list)
        # What is loaded with the first upload is no growth.
        self._phone.send(Content(content.body[:MB]), patch_bytes=MB)
        self._resident_bytes = server.resident_bytes

    def send(self, patch_mb: int) -> None:
        before_s = self._server.cpu_s
        self._phone.send(self._content, patch_bytes=patch_mb * MB)
        self._cpu_s[patch_mb].append(self._server.cpu_s - before_s)

    def rows(self) -> list[Row]:
        one, many = self._cpu_s[SIZE_MB], self._cpu_s[PIECE_MB]
        beside = {"beside": "in one PATCH", "better": "less", "unit": "CPU s"}
        return [
            Row.pairing(many, one, what=f"server's CPU, PATCHes of {PIECE_MB} MB", **beside),
            self._memory(times=len(one) + len(many)),
        ]

    def _memory(self, *, times: int) -> Row:
        return Row(
            what="server's memory, growth at its peak",
            unit="MB",
            ours=max(0, self._server.peak_bytes - self._resident_bytes) / MB,
            better="less",
            note=f"over {times} uploads",
        )


def _throughput(costs: Costs) -> list[Row]:
    one, many, disk, often = (rates(SIZE_MB, spent) for spent in costs.values())
    said = {"unit": "MB/s", "better": "more", "note": VERIFIED}
    disk_once = {"beside": "disk, one sync"}
    disk_often = {"beside": f"disk, sync each {PIECE_MB} MB"}
    in_one, in_many = f"{SIZE_MB} MB, one PATCH", f"{SIZE_MB} MB, PATCHes of {PIECE_MB} MB"
    return [
        Row.pairing(one, disk, what=in_one, **said | disk_once),
        Row.pairing(many, disk, what=in_many, **said | disk_once),
        Row.pairing(many, often, what=in_many, **said | disk_often),
    ]


def _clean_disk() -> None:
    """Nobody pays for what another left to be written; the disk doesn't fill up."""
    shutil.rmtree(VAR / "store" / "uploads", ignore_errors=True)
    _alone().unlink(missing_ok=True)
    os.sync()


def _write(body: memoryview, *, sync_mb: int) -> None:
    with _alone().open("wb", buffering=0) as file:
        for at in range(0, len(body), MB):
            file.write(body[at : at + MB])
            if (at + MB) % (sync_mb * MB) == 0:
                os.fdatasync(file.fileno())


def _alone() -> Path:
    return VAR / "disk.bin"
