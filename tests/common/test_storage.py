import os
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage

from common import storage


def _file(folder: Path, content: bytes = b"recording") -> Path:
    path = folder / "made.mp4"
    path.write_bytes(content)
    return path


def test_what_is_put_can_be_read_and_only_by_its_owner(tmp_path):
    key = storage.new_key("renditions", ".mp4")

    storage.put(_file(tmp_path), key)

    with storage.local(storage.private(), key) as path:
        assert path.read_bytes() == b"recording"
        assert path.stat().st_mode & 0o777 == 0o600


def test_a_key_that_is_taken_is_refused_and_its_content_stays(tmp_path):
    key = storage.new_key("renditions")
    storage.put(_file(tmp_path, b"first"), key)

    with pytest.raises(FileExistsError):
        storage.put(_file(tmp_path, b"second"), key)

    assert storage.private().open(key).read() == b"first"


def test_content_and_name_are_synced_before_put_returns(tmp_path, monkeypatch):
    synced: list[str] = []
    real = os.fsync

    def note(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    monkeypatch.setattr(os, "fsync", note)
    key = storage.new_key("renditions")

    storage.put(_file(tmp_path), key)

    name = Path(key).name
    assert any(name in file for file in synced)
    assert Path(key).parent.name == synced[-1]


def test_a_failed_put_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    key = "renditions/whole"
    (Path(storage.private().path("renditions"))).mkdir(parents=True)

    with pytest.raises(OSError, match="No space"):
        storage.put(_file(tmp_path), key)

    assert list(Path(storage.private().path("renditions")).iterdir()) == []


def test_keys_say_nothing_and_never_repeat():
    keys = {storage.new_key("uploads", ".mp4") for _ in range(1000)}

    assert len(keys) == 1000
    assert all(len(Path(key).stem) == 32 for key in keys)


def test_a_missing_key_is_an_error_and_not_an_empty_file():
    with pytest.raises(FileNotFoundError), storage.local(storage.private(), "no/such"):
        pass


def test_local_gives_a_copy_of_what_no_folder_holds(settings):
    elsewhere = InMemoryStorage()
    elsewhere.save("a/key", ContentFile(b"remote"))

    with storage.local(elsewhere, "a/key") as path:
        content = path.read_bytes()

    assert content == b"remote"
    assert list(settings.SCRATCH_ROOT.iterdir()) == []


def test_scratch_is_removed_after_an_error_too(settings):
    def work() -> None:
        with storage.scratch() as folder:
            (folder / "half.mp4").write_bytes(b"half")
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        work()

    assert list(settings.SCRATCH_ROOT.iterdir()) == []


def test_only_the_scratch_of_processes_that_are_gone_is_cleared(settings):
    left = settings.SCRATCH_ROOT / "left"
    left.mkdir(parents=True)
    long_ago = time.time() - 2 * storage.NEW_FOR_S
    os.utime(left, (long_ago, long_ago))

    with storage.scratch() as in_use:
        os.utime(in_use, (long_ago, long_ago))
        cleared = storage.clear_scratch()

        assert cleared == 1
        assert in_use.is_dir()
    assert not left.exists()


def test_scratch_that_is_just_being_made_is_left_alone(settings):
    new = settings.SCRATCH_ROOT / "new"
    new.mkdir(parents=True)

    assert storage.clear_scratch() == 0
    assert new.is_dir()
