"""Are the tools there? Sets up speech in the processes that need it, and answers for `/readyz`."""

from functools import cache
from importlib import import_module
from pathlib import Path

import structlog
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from common.health import Health
from transcode import ffmpeg, speech, weights
from transcode.jobs import Retry
from transcode.speech import Engine
from transcode.workers import Unready

MODEL_PAUSE_S = 60.0

log = structlog.get_logger(__name__)


def model_folder(*, download: bool) -> Path:
    """Where the configured model lies; raises `weights.ModelAbsent` saying what to do."""
    return weights.resolve(settings.WHISPER_MODEL, cache=settings.VAR / "models", download=download)


def warm_up() -> None:
    """Start check of the speech worker: the model is there and is what it should be.

    The worker's processes load it themselves, since CTranslate2 does not survive a fork.
    """
    log.info("speech_starts", model=settings.WHISPER_MODEL)
    _require_model(download=True)


def look_again() -> None:
    """Whether the model has come meanwhile; a transcription that waits for it fetches it."""
    _require_model(download=False)


def _require_model(*, download: bool) -> None:
    try:
        model_folder(download=download)
    except weights.ModelAbsent as absent:
        raise Unready(absent.reason) from absent


def engine_for(language: str) -> Engine | None:
    """The engine for a language in this process; None means that a person transcribes.

    Raises `Retry` while the model is absent: the story waits, and nothing is lost.
    """
    try:
        _set_up()
    except weights.ModelAbsent as absent:
        log.warning("model_absent", model=settings.WHISPER_MODEL, detail=absent.reason)
        raise Retry(
            "model_absent", _("The speech model is not installed."), MODEL_PAUSE_S
        ) from absent
    return speech.engine_for(language)


@cache
def _set_up() -> None:
    # 90 MB of libraries: only a process that transcribes loads them.
    whisper = import_module("transcode.whisper")
    whisper.set_up(
        settings.WHISPER_MODEL, cache=settings.VAR / "models", threads=settings.WORKER_THREADS
    )


def ffmpeg_health() -> Health:
    found = ffmpeg.available()
    return Health(ok=found.ok, detail=found.detail)


def model_health() -> Health:
    try:
        return Health(ok=True, detail=weights.label(model_folder(download=False)))
    except weights.ModelAbsent as absent:
        return Health(ok=False, detail=absent.reason)
