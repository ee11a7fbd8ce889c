"""Our engine beside faster-whisper alone: same model, settings and sound."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, Self

from django.conf import settings
from faster_whisper import WhisperModel

from bench import recordings
from bench.contest import Costs, Options, Row, Skipped, cpus, take_turns, walls
from bench.environment import KEPT, VAR
from demo.wer import word_error_rate
from transcode import ffmpeg, voice, weights
from transcode.whisper import DECODING, FasterWhisper, loaded

# Whisper hears 30 s at a time, so short recordings have a cost of their own.
RECORDINGS: Final = {
    "es": ("speech/es_capitan_veneno.mp3",),
    "en": ("speech/en_jfk.flac", "speech/en_librispeech.flac"),
}
BARE: Final = "bare faster-whisper"

Engine = Callable[[Path, str], str]


def measure(options: Options) -> list[Row]:
    speeches = [_Speech.found(names, language) for language, names in RECORDINGS.items()]
    engines = _engines(_model())
    return [row for speech in speeches for row in _heard(speech, engines, options)]


@dataclass(frozen=True)
class _Speech:
    """Recordings in one language, as the job hears them, and what is said in them."""

    language: str
    sounds: tuple[Path, ...]
    reference: str

    @classmethod
    def found(cls, names: tuple[str, ...], language: str) -> Self:
        """Raises Skipped."""
        references = [recordings.found(str(Path(name).with_suffix(".ref.txt"))) for name in names]
        sounds = tuple(_as_the_job_hears_it(recordings.found(name)) for name in names)
        return cls(language, sounds, " ".join(path.read_text() for path in references))

    @property
    def duration_s(self) -> float:
        return sum(map(voice.duration_s, self.sounds))

    def heard_by(self, engine: Engine) -> str:
        return " ".join(engine(sound, self.language) for sound in self.sounds)


def _model() -> Path:
    try:
        return weights.resolve(settings.WHISPER_MODEL, cache=KEPT / "models", download=False)
    except weights.ModelAbsent as absent:
        raise Skipped(absent.reason) from absent


def _engines(folder: Path) -> dict[str, Engine]:
    threads = settings.WORKER_THREADS
    ours = FasterWhisper(folder=folder, threads=threads)
    loaded(folder, threads)
    bare = WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=threads)
    return {"ours": partial(_by_ours, ours), BARE: partial(_by_bare, bare)}


def _by_ours(engine: FasterWhisper, sound: Path, language: str) -> str:
    heard = engine.transcribe(
        sound, language=language, on_progress=lambda _share: None, should_stop=lambda: False
    )
    return heard.text


def _by_bare(model: WhisperModel, sound: Path, language: str) -> str:
    segments, _info = model.transcribe(
        str(sound), language=language, vad_filter=True, vad_parameters=voice.VAD, **DECODING
    )
    return " ".join(segment.text.strip() for segment in segments)


def _heard(speech: _Speech, engines: dict[str, Engine], options: Options) -> list[Row]:
    texts: dict[str, str] = {}

    def listen(name: str) -> None:
        texts[name] = speech.heard_by(engines[name])

    listeners = {name: partial(listen, name) for name in engines}
    costs = take_turns(listeners, rounds=options.rounds)
    return [*_times(speech, costs), _errors(speech, texts)]


def _times(speech: _Speech, costs: Costs) -> list[Row]:
    ours, bare = costs["ours"], costs[BARE]
    what = f"{speech.language}, {speech.duration_s:.0f} s in {len(speech.sounds)}"
    note = f"{speech.duration_s / median(walls(ours)):.1f} times as fast as spoken"
    said = {"what": what, "beside": BARE, "better": "less"}
    return [
        Row.pairing(walls(ours), walls(bare), unit="s", note=note, **said),
        Row.pairing(cpus(ours), cpus(bare), unit="CPU s", **said),
    ]


def _errors(speech: _Speech, texts: dict[str, str]) -> Row:
    ours, bare = (100 * word_error_rate(speech.reference, texts[name]) for name in ("ours", BARE))
    what = f"{speech.language}, word errors"
    return Row(what=what, unit="%", ours=ours, beside=BARE, theirs=bare, better="less")


def _as_the_job_hears_it(recording: Path) -> Path:
    target = VAR / f"{recording.stem}.wav"
    ffmpeg.speech_audio(recording, ffmpeg.probe(recording), target)
    return target
