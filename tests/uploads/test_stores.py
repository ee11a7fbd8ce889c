import os
import shutil
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest

from uploads import stores
from uploads.stores import FileStore, Gone, StorageFull, Superseded


@pytest.fixture
def store(tmp_path) -> FileStore:
    return FileStore(tmp_path / "disk")


@pytest.fixture
def upload_id(store) -> uuid.UUID:
    upload_id = uuid.uuid4()
    store.create(upload_id)
    return upload_id


class Disk:
    """Remembers what was synced of files and folders; a power cut takes the rest."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sizes: dict[int, int] = {}
        self.entries: dict[Path, set[str]] = {}

    def sync(self, fd: int) -> None:
        path = Path(f"/proc/self/fd/{fd}").readlink()
        if path.is_dir():
            self.entries[path] = {entry.name for entry in path.iterdir()}
        else:
            self.sizes[os.fstat(fd).st_ino] = os.fstat(fd).st_size

    def cut_power(self) -> None:
        for folder, _folders, files in os.walk(self.root, topdown=False):
            for entry in list(Path(folder).iterdir()):
                if entry.name not in self.entries.get(Path(folder), set()):
                    shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
            for file in map(Path(folder).joinpath, files):
                if file.exists():
                    os.truncate(file, self.sizes.get(file.stat().st_ino, 0))


@pytest.fixture
def disk(store, monkeypatch) -> Disk:
    disk = Disk(store.root)
    store.root.mkdir(parents=True)
    disk.entries[store.root.parent] = {store.root.name}
    monkeypatch.setattr(os, "fdatasync", disk.sync)
    monkeypatch.setattr(os, "fsync", disk.sync)
    return disk


@contextmanager
def _open(store: FileStore, upload_id: uuid.UUID, *, fence: int = 1) -> Iterator[stores.FileWriter]:
    writer = store.open(upload_id, fence=fence)
    try:
        yield writer
    finally:
        writer.close()


def test_every_offset_that_was_named_survives_a_power_cut(store, disk, monkeypatch):
    monkeypatch.setattr(stores, "SYNC_EVERY_BYTES", 40)
    upload_id = uuid.uuid4()
    store.create(upload_id)
    named = []
    with _open(store, upload_id) as writer:
        for step in range(10):
            writer.write(bytes([step]) * 15, at=writer.offset)
            if step % 3 == 0:
                named.append(store.durable_offset(upload_id))
        writer.write(b"never synced", at=writer.offset)

    disk.cut_power()

    kept = (store.root / store.seal(upload_id)).read_bytes()
    assert named == [15, 60, 105, 150]
    assert len(kept) >= max(named)
    assert kept == b"".join(bytes([step]) * 15 for step in range(10))[: len(kept)]


def test_the_end_of_a_request_is_durable(store, disk):
    upload_id = uuid.uuid4()
    store.create(upload_id)
    with _open(store, upload_id) as writer:
        writer.write(b"x" * 100, at=0)
        writer.sync()

    disk.cut_power()

    assert store.durable_offset(upload_id) == 100


@pytest.mark.parametrize("missing", ["fdatasync", "fsync"])
def test_the_simulated_power_cut_does_catch_a_missing_sync(store, disk, monkeypatch, missing):
    monkeypatch.setattr(os, missing, lambda fd: None)
    upload_id = uuid.uuid4()
    store.create(upload_id)
    with _open(store, upload_id) as writer:
        writer.write(b"x" * 100, at=0)
        writer.sync()
    named = store.durable_offset(upload_id)

    disk.cut_power()

    path = store.root / "uploads" / upload_id.hex[:2] / upload_id.hex
    assert not path.exists() or path.stat().st_size < named


def test_a_long_request_is_synced_on_the_way(store, upload_id, monkeypatch):
    synced = []
    monkeypatch.setattr(stores, "SYNC_EVERY_BYTES", 1000)
    monkeypatch.setattr(os, "fdatasync", lambda fd: synced.append(os.fstat(fd).st_size))

    with _open(store, upload_id) as writer:
        for _step in range(25):
            writer.write(b"x" * 100, at=writer.offset)

    assert synced == [1000, 2000]


def test_an_older_request_cannot_write_a_byte_after_a_newer_one_came(store, upload_id):
    with _open(store, upload_id, fence=1) as old:
        old.write(b"old", at=0)
        with _open(store, upload_id, fence=2) as new:
            with pytest.raises(Superseded):
                old.write(b"late", at=3)
            new.write(b"new", at=3)

    assert store.durable_offset(upload_id) == 6
    assert (store.root / store.seal(upload_id)).read_bytes() == b"oldnew"


def test_a_request_that_comes_late_to_the_store_stays_out(store, upload_id):
    with _open(store, upload_id, fence=2), pytest.raises(Superseded):
        store.open(upload_id, fence=1)


def test_a_takeover_waits_for_the_write_that_is_under_way(store, upload_id, monkeypatch):
    writing, go_on = threading.Event(), threading.Event()
    real = os.pwrite

    def slow(fd: int, data: bytes, at: int) -> int:
        if bytes(data) == b"under way":
            writing.set()
            go_on.wait(10)
        return real(fd, data, at)

    monkeypatch.setattr(os, "pwrite", slow)
    with _open(store, upload_id, fence=1) as old, ThreadPoolExecutor(2) as pool:
        write = pool.submit(old.write, b"under way", at=0)
        writing.wait(10)
        takeover = pool.submit(store.open, upload_id, fence=2)
        waited = not _is_done_within(takeover, 0.2)
        go_on.set()
        write.result()
        new = takeover.result()
        new.close()

    assert waited
    assert new.offset == len("under way")


def _is_done_within(future: "Future[stores.FileWriter]", seconds: float) -> bool:
    return bool(wait([future], timeout=seconds).done)


def test_racing_writers_never_mix_their_bytes(store, upload_id):
    def write(fence: int) -> None:
        try:
            with _open(store, upload_id, fence=fence) as writer:
                for _step in range(50):
                    writer.write(bytes([fence]) * 64, at=writer.offset)
        except Superseded:
            pass

    threads = [threading.Thread(target=write, args=(fence,)) for fence in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    content = (store.root / store.seal(upload_id)).read_bytes()
    blocks = [content[at : at + 64] for at in range(0, len(content), 64)]
    assert all(len(set(block)) == 1 for block in blocks)
    assert [block[0] for block in blocks] == sorted(block[0] for block in blocks)


def test_bytes_that_do_not_follow_are_refused(store, upload_id):
    with _open(store, upload_id) as writer, pytest.raises(ValueError, match="before these"):
        writer.write(b"gap", at=10)

    assert store.durable_offset(upload_id) == 0


def test_a_sealed_upload_takes_nothing_more(store, upload_id):
    with _open(store, upload_id) as writer:
        writer.write(b"whole", at=0)
        key = store.seal(upload_id)
        with pytest.raises(Superseded):
            writer.write(b"more", at=5)

    with pytest.raises(Superseded):
        store.open(upload_id, fence=99)
    assert (store.root / key).read_bytes() == b"whole"
    assert store.seal(upload_id) == key


def test_a_removed_upload_is_gone_for_whoever_still_writes(store, upload_id):
    with _open(store, upload_id) as writer:
        writer.write(b"half", at=0)
        store.remove(upload_id)
        with pytest.raises(Superseded):
            writer.write(b"more", at=4)

    store.remove(upload_id)
    for ask in (store.durable_offset, store.sha256, store.seal, store.last_write_at):
        with pytest.raises(Gone):
            ask(upload_id)
    with pytest.raises(Gone):
        store.open(upload_id, fence=2)


def test_a_full_disk_is_said_and_what_arrived_stays(store, upload_id, monkeypatch):
    def full(fd: int, data: bytes, at: int) -> int:
        raise OSError(28, "No space left on device")

    with _open(store, upload_id) as writer:
        writer.write(b"arrived", at=0)
        monkeypatch.setattr(os, "pwrite", full)
        with pytest.raises(StorageFull):
            writer.write(b"too much", at=7)

    monkeypatch.undo()
    assert store.durable_offset(upload_id) == 7


def test_a_digest_is_known_only_of_what_was_written_from_the_start(store, upload_id):
    with _open(store, upload_id, fence=1) as writer:
        writer.write(b"first", at=0)
        from_start = writer.sha256()
    with _open(store, upload_id, fence=2) as writer:
        assert writer.sha256() is None

    assert from_start == store.sha256(upload_id)


def test_creating_again_keeps_what_is_there(store, upload_id):
    with _open(store, upload_id) as writer:
        writer.write(b"kept", at=0)

    store.create(upload_id)

    assert store.durable_offset(upload_id) == 4
