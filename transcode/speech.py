"""What speech recognition gives, whoever does it, and which engine hears which language.

This module is light on purpose: pages and cues use it too. The engine itself (`whisper.py`) pulls
in CTranslate2, ONNX and NumPy, so only the speech worker imports it and calls
`whisper.set_up()`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

# OpenAI's list for its multilingual models, as in faster_whisper.tokenizer; a test compares them.
# fmt: off
WHISPER_LANGUAGES: Final = frozenset({
    "af", "am", "ar", "as", "az", "ba", "be", "bg", "bn", "bo", "br", "bs", "ca", "cs", "cy",
    "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fo", "fr", "gl", "gu", "ha", "haw",
    "he", "hi", "hr", "ht", "hu", "hy", "id", "is", "it", "ja", "jw", "ka", "kk", "km", "kn",
    "ko", "la", "lb", "ln", "lo", "lt", "lv", "mg", "mi", "mk", "ml", "mn", "mr", "ms", "mt",
    "my", "ne", "nl", "nn", "no", "oc", "pa", "pl", "ps", "pt", "ro", "ru", "sa", "sd", "si",
    "sk", "sl", "sn", "so", "sq", "sr", "su", "sv", "sw", "ta", "te", "tg", "th", "tk", "tl",
    "tr", "tt", "uk", "ur", "uz", "vi", "yi", "yo", "yue", "zh",
})
# fmt: on

# Below this detection is no news for a moderator; faster-whisper itself trusts it from here on.
SURE_OF_LANGUAGE: Final = 0.5


class Cancelled(Exception):
    """Somebody asked for the work to stop; nothing of it is kept."""


class UnreadableAudio(Exception):
    """The file isn't the 16 kHz mono 16-bit WAV that the extraction makes."""


class EngineAbsent(Exception):
    """An engine exists for this language, but this process has not set it up."""


@dataclass(frozen=True, slots=True)
class Word:
    start_s: float
    end_s: float
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech; `is_doubtful` if it loops or the engine had little confidence."""

    start_s: float
    end_s: float
    text: str
    words: tuple[Word, ...]
    is_doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Speech:
    """What was heard. Without speech there are no segments and `language_detected` is None.

    `language` is what the collector declared and the engine was told; detection never overrules.
    """

    language: str
    language_detected: str | None
    language_probability: float
    segments: tuple[Segment, ...]
    engine: str
    model: str
    duration_s: float

    @property
    def language_disagrees(self) -> bool:
        """Whether a moderator should be warned that another language was heard."""
        if self.language_detected is None or self.language_probability < SURE_OF_LANGUAGE:
            return False
        return self.language_detected != primary(self.language)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)


class Engine(Protocol):
    def transcribe(
        self,
        audio: Path,
        *,
        language: str,
        on_progress: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> Speech:
        """Transcribe a 16 kHz mono 16-bit WAV.

        `on_progress` gets a fraction (0 to 1) that never falls; `should_stop` is asked every few
        seconds. Raises Cancelled and UnreadableAudio.
        """


def to_json(heard: Speech) -> list[list[int | float | str | bool]]:
    """A row for each word: start in ms, end in ms, text, probability, whether it is doubtful."""
    return [
        [
            round(word.start_s * 1000),
            round(word.end_s * 1000),
            word.text,
            word.probability,
            segment.is_doubtful,
        ]
        for segment in heard.segments
        for word in segment.words
    ]


_engines: dict[str, Engine] = {}


def primary(language: str) -> str:
    """The language of a BCP-47 tag without script and region: `fr` of `fr-SN`."""
    return language.partition("-")[0].lower()


def register(engine: Engine, *, languages: Iterable[str]) -> None:
    """Let an engine hear these languages; a later call wins, so one language can have its own."""
    _engines.update(dict.fromkeys(languages, engine))


def has_engine(language: str) -> bool:
    """Whether a machine transcribes this language; if not, a person does, which is normal."""
    return primary(language) in WHISPER_LANGUAGES or primary(language) in _engines


def engine_for(language: str) -> Engine | None:
    """The engine for a language; None means that a person transcribes.

    Raises EngineAbsent where there should be one, so that a worker that was never set up can't
    pass stories on as if they were in a language without an engine.
    """
    if not has_engine(language):
        return None
    try:
        return _engines[primary(language)]
    except KeyError:
        raise EngineAbsent(f"no engine was set up for {language}; call whisper.set_up()") from None
