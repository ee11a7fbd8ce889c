"""Whisper through CTranslate2 (faster-whisper), on the CPU in 8 bits.

Heavy to import: for the speech worker only. Everybody else uses `transcode.speech`.

Guards against text that nobody spoke: speech detection first, so that silence and most music never
reach the model; no conditioning on earlier text, which feeds loops; another try at a higher
temperature when text is compressible (it loops) or improbable; doubtful words beside a long silence
dropped; and what still loops or is improbable marked.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import ctranslate2
import numpy as np
from faster_whisper import WhisperModel
from faster_whisper.transcribe import restore_speech_timestamps
from numpy.typing import NDArray

from transcode import speech, voice, weights
from transcode.speech import Cancelled, Segment, Speech, Word

# Thresholds of the Whisper paper (Radford et al. 2022, section 4.5).
LOOPS_ABOVE: Final = 2.4
IMPROBABLE_BELOW: Final = -1.0
NO_SPEECH_ABOVE: Final = 0.6

DECODING: Final[dict[str, Any]] = {
    "beam_size": 5,
    # The reference's limit for 30 s (n_text_ctx / 2); twice that only gives loops more room.
    "max_new_tokens": 224,
    # Six steps in the library: audio in another language than declared climbs them all.
    "temperature": [0.0, 0.4, 0.8],
    "word_timestamps": True,
    "condition_on_previous_text": False,
    "compression_ratio_threshold": LOOPS_ABOVE,
    "log_prob_threshold": IMPROBABLE_BELOW,
    "no_speech_threshold": NO_SPEECH_ABOVE,
    "hallucination_silence_threshold": 2.0,
}


def set_up(model: str, *, cache: Path, threads: int) -> "FasterWhisper":
    """Make Whisper this process's engine for the languages it knows; raises weights.ModelAbsent."""
    engine = FasterWhisper(folder=weights.resolve(model, cache=cache), threads=threads)
    speech.register(engine, languages=speech.WHISPER_LANGUAGES)
    return engine


@dataclass(frozen=True)
class FasterWhisper:
    """`folder` holds a CTranslate2 model; `threads` is for one transcription."""

    folder: Path
    threads: int

    def transcribe(
        self,
        audio: Path,
        *,
        language: str,
        on_progress: Callable[[float], None],
        should_stop: Callable[[], bool],
    ) -> Speech:
        ear = loaded(self.folder, self.threads)
        ear.listen_anew()
        total_s = voice.duration_s(audio)
        segments: list[Segment] = []
        for window in voice.windows(audio):
            for segment in _unless(should_stop, _heard(ear, window, language=language)):
                segments.append(segment)
                on_progress(min(segment.end_s, window.end_s) / total_s)
            on_progress(window.end_s / total_s)
        detected, probability = ear.language_heard()
        return Speech(
            language=language,
            language_detected=detected,
            language_probability=probability,
            segments=tuple(segments),
            engine=f"faster-whisper {version('faster-whisper')}",
            model=weights.label(self.folder),
            duration_s=total_s,
        )


class Ear(WhisperModel):  # type: ignore[misc]  # The library has no types.
    """A model that keeps the first 30 s as its encoder saw them: the language is told from them.

    The library's own detection encodes them again, at a CPU second a recording. For one recording
    at a time.
    """

    _first: ctranslate2.StorageView | None = None

    def listen_anew(self) -> None:
        self._first = None

    def encode(self, features: NDArray[np.float32]) -> ctranslate2.StorageView:
        encoded = super().encode(features)
        if self._first is None:
            self._first = encoded
        return encoded

    def language_heard(self) -> tuple[str | None, float]:
        """The likeliest language and its probability; None and 0 if nobody spoke."""
        if self._first is None:
            return None, 0.0
        [[(token, probability), *_others]] = self.model.detect_language(self._first)
        return token.strip("<|>"), round(float(probability), 3)


# One model for each folder: the default beside a language's own.
@lru_cache(maxsize=2)
def loaded(folder: Path, threads: int) -> Ear:
    """The model in this process; the first call takes seconds."""
    # The fallback to higher temperatures samples: the same recording gives the same text again.
    ctranslate2.set_random_seed(1)
    return Ear(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)


def _unless(should_stop: Callable[[], bool], found: Iterable[Segment]) -> Iterator[Segment]:
    """Pass on what is found; asks before the first, since each takes seconds to find."""
    if should_stop():
        raise Cancelled
    for segment in found:
        if should_stop():
            raise Cancelled
        yield segment


def _heard(ear: Ear, window: voice.Window, *, language: str) -> Iterator[Segment]:
    if not window.spans:
        return
    raw, _info = ear.transcribe(window.voiced, language=speech.primary(language), **DECODING)
    for found in restore_speech_timestamps(raw, window.spans, voice.RATE):
        words = _words(found.words or (), offset_s=window.start_s)
        if words:
            yield _segment(found, words=words)


def _words(found: Iterable[Any], *, offset_s: float) -> tuple[Word, ...]:
    words: list[Word] = []
    for raw in found:
        word = Word(
            start_s=round(offset_s + float(raw.start), 3),
            end_s=round(offset_s + float(raw.end), 3),
            text=raw.word.strip(),
            probability=round(float(raw.probability), 3),
        )
        # Without a space before it, it is the rest of a word: "n" and "'aissent".
        if words and not raw.word.startswith(" "):
            words[-1] = _glued(words[-1], word)
        elif word.text:
            words.append(word)
    return tuple(words)


def _glued(word: Word, rest: Word) -> Word:
    probability = min(word.probability, rest.probability)
    return Word(word.start_s, rest.end_s, word.text + rest.text, probability)


def _segment(found: Any, *, words: tuple[Word, ...]) -> Segment:
    loops = found.compression_ratio > LOOPS_ABOVE
    return Segment(
        start_s=words[0].start_s,
        end_s=words[-1].end_s,
        text=found.text.strip(),
        words=words,
        is_doubtful=loops or found.avg_logprob < IMPROBABLE_BELOW,
    )
