"""Where in a recording somebody speaks, in windows small enough for any length of recording.

Ten hours as float32 take 2.3 GB; a window takes 20 MB. Heavy (NumPy, ONNX): for the speech worker.
"""

import wave
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from faster_whisper.vad import VadOptions, get_speech_timestamps
from numpy.typing import NDArray

from transcode.speech import UnreadableAudio

RATE: Final = 16_000
WINDOW_S: Final = 300
# -72 dBFS: only dither lives below it. Skipping such windows saves
# ten silent hours over a minute of speech detection.
SILENT_PEAK: Final = 8
# Whisper reads better when it hears the natural pauses; only longer ones are cut out.
PAUSE_KEPT_S: Final = 2.0
VAD: Final = VadOptions(min_speech_duration_ms=250, min_silence_duration_ms=500, speech_pad_ms=300)


@dataclass(frozen=True)
class Window:
    """A piece of a recording; `spans` are the samples of it in which somebody speaks."""

    position: int
    samples: NDArray[np.float32]
    spans: list[dict[str, int]]

    @property
    def start_s(self) -> float:
        return self.position / RATE

    @property
    def end_s(self) -> float:
        return (self.position + len(self.samples)) / RATE

    @property
    def voiced(self) -> NDArray[np.float32]:
        """The speech alone, pieces joined; times in it are not the recording's."""
        return np.concatenate([self.samples[span["start"] : span["end"]] for span in self.spans])


def duration_s(audio: Path) -> float:
    with _opened(audio) as wav:
        return wav.getnframes() / RATE


def windows(audio: Path) -> Iterator[Window]:
    """The whole recording in order, cut in pauses wherever there is one in half a window's time."""
    with _opened(audio) as wav:
        position = 0
        while position < wav.getnframes():
            wav.setpos(position)
            samples = np.frombuffer(wav.readframes(WINDOW_S * RATE), dtype="<i2")
            if not len(samples):  # The header promised more than the file holds.
                return
            window = _window(position, samples, last=position + len(samples) >= wav.getnframes())
            yield window
            position += len(window.samples)


@contextmanager
def _opened(audio: Path) -> Iterator[wave.Wave_read]:
    try:
        with wave.open(str(audio), "rb") as wav:
            form = (wav.getnchannels(), wav.getsampwidth(), wav.getframerate())
            if form != (1, 2, RATE):
                raise UnreadableAudio(f"expected 1 channel, 2 bytes, {RATE} Hz and got {form}")
            yield wav
    except (wave.Error, EOFError) as error:
        raise UnreadableAudio(str(error)) from error


def _window(position: int, samples: NDArray[np.int16], *, last: bool) -> Window:
    # As int: the absolute value of -32768 doesn't fit 16 bits.
    if max(int(samples.max()), -int(samples.min())) <= SILENT_PEAK:
        return Window(position, samples.astype(np.float32), [])
    scaled = samples.astype(np.float32) / np.float32(32768)
    spans: list[dict[str, int]] = get_speech_timestamps(scaled, VAD)
    if not last:
        length, spans = _cut(spans, length=len(scaled))
        scaled = scaled[:length]
    return Window(position, scaled, _without_short_pauses(spans))


def _cut(spans: list[dict[str, int]], *, length: int) -> tuple[int, list[dict[str, int]]]:
    """Leave speech that runs over the edge to the next window, unless it fills half of this one."""
    runs_over = bool(spans) and spans[-1]["end"] >= length
    if runs_over and spans[-1]["start"] > length / 2:
        return spans[-1]["start"], spans[:-1]
    return length, spans


def _without_short_pauses(spans: list[dict[str, int]]) -> list[dict[str, int]]:
    joined: list[dict[str, int]] = []
    for span in spans:
        if joined and span["start"] - joined[-1]["end"] < PAUSE_KEPT_S * RATE:
            joined[-1] = {"start": joined[-1]["start"], "end": span["end"]}
        else:
            joined.append(span)
    return joined
