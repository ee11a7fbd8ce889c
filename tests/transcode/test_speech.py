"""Real recordings through the real model; the bounds are for Whisper base."""

import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import faster_whisper.tokenizer
import pytest

from common import languages
from demo.wer import word_error_rate
from transcode import speech, voice, whisper
from transcode.cues import check, cues_from
from transcode.speech import (
    Cancelled,
    EngineAbsent,
    Speech,
    UnreadableAudio,
    engine_for,
    has_engine,
    register,
)
from transcode.whisper import FasterWhisper

# fmt: off
NO_ENGINE = [
    "wo", "ff", "fuc", "fuf", "mnk", "emk", "sus", "snk", "srr", "dyo",
    "ig", "pcm", "bin", "kri", "men", "tem", "kpe", "dyu", "bci",
]
# fmt: on


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Iterator[FasterWhisper]:
    cache = tmp_path_factory.mktemp("models")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(speech, "_engines", {})
        yield whisper.set_up("base", cache=cache, threads=2)
    shutil.rmtree(cache)


@pytest.fixture
def no_engines(monkeypatch):
    monkeypatch.setattr(speech, "_engines", {})


def make_audio(path: Path, *ffmpeg_input: str | Path) -> Path:
    """The 16 kHz mono WAV of anything that ffmpeg reads or generates."""
    form = ["-vn", "-ac", "1", "-ar", "16000", "-c:a", "pcm_s16le"]
    subprocess.run(["ffmpeg", "-v", "error", *ffmpeg_input, *form, path], check=True)
    return path


def hear(audio: Path, *, language: str) -> Speech:
    engine = engine_for(language)
    assert engine
    return engine.transcribe(
        audio, language=language, on_progress=lambda fraction: None, should_stop=lambda: False
    )


@pytest.mark.whisper
@pytest.mark.parametrize(
    ("recording", "language", "bound"),
    [
        ("speech/en_jfk", "en", 0.05),
        ("speech/en_librispeech", "en", 0.10),
        ("speech/fr_udhr_article1", "fr", 0.25),
        ("speech/es_capitan_veneno", "es", 0.20),
        ("video/en_speech_two_faces", "en", 0.10),
    ],
)
def test_what_people_say_is_written_down(
    recording, language, bound, engine, recordings, tmp_path, record_property
):
    (source,) = (f for f in recordings.glob(f"{recording}.*") if f.suffix != ".txt")
    audio = make_audio(tmp_path / "audio.wav", "-i", source)

    heard = hear(audio, language=language)

    errors = word_error_rate((recordings / f"{recording}.ref.txt").read_text(), heard.text)
    record_property("word_error_rate", errors)
    sys.stdout.write(f"{recording}: word error rate {errors:.1%}\n")
    assert errors <= bound
    assert heard.language_detected == language
    assert not heard.language_disagrees
    check(cues_from(heard), duration_s=heard.duration_s)


@pytest.mark.whisper
def test_words_keep_their_order_and_stay_inside_the_recording(engine, recordings, tmp_path):
    source = recordings / "speech/fr_udhr_article1.wav"

    words = hear(make_audio(tmp_path / "audio.wav", "-i", source), language="fr").words

    assert [w.start_s for w in words] == sorted(w.start_s for w in words)
    assert all(0 <= w.start_s <= w.end_s <= 13.3 and 0 <= w.probability <= 1 for w in words)
    assert "n'aissent" in [w.text for w in words] or "naissent" in [w.text for w in words]


@pytest.mark.whisper
def test_speech_after_a_window_keeps_its_time(engine, recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(voice, "WINDOW_S", 20)
    source = recordings / "speech/en_librispeech.flac"
    audio = make_audio(tmp_path / "late.wav", "-i", source, "-af", "adelay=47000,apad=pad_dur=30")

    heard = hear(audio, language="en")

    assert heard.text.startswith("He began a confused complaint")
    assert heard.words[0].start_s == pytest.approx(47.4, abs=0.6)
    assert heard.duration_s == pytest.approx(81.9, abs=0.1)


@pytest.mark.whisper
def test_words_at_the_edge_of_a_window_are_heard_once(engine, recordings, tmp_path, monkeypatch):
    monkeypatch.setattr(voice, "WINDOW_S", 15)
    source = recordings / "speech/es_capitan_veneno.mp3"
    reference = (recordings / "speech/es_capitan_veneno.ref.txt").read_text()

    heard = hear(make_audio(tmp_path / "audio.wav", "-i", source), language="es")

    assert word_error_rate(reference, heard.text) <= 0.25


@pytest.mark.whisper
@pytest.mark.parametrize(
    "source",
    [
        "anullsrc=d=20",
        "anoisesrc=d=20:c=white:a=0.3",
        "anoisesrc=d=20:c=pink:a=0.5",
        "sine=f=440:d=20",
        # Plucked chords, twice a second.
        "aevalsrc='0.2*(sin(2*PI*t*220*pow(2,floor(mod(t*2,12))/12))"
        "+sin(2*PI*t*277*pow(2,floor(mod(t*2,7))/12)))*exp(-3*mod(t,0.5))':d=20",
        # A deep vibrato with syllable-like pulses, which speech detection does take for a voice.
        pytest.param(
            "aevalsrc='0.3*sin(2*PI*(180*t+3*sin(2*PI*5*t)))*(0.5+0.5*sin(2*PI*4*t))"
            "+0.1*sin(2*PI*900*t)*(0.5+0.5*sin(2*PI*4*t))':d=12",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_nothing_is_invented_where_nobody_speaks(source, engine, tmp_path):
    heard = hear(make_audio(tmp_path / "audio.wav", "-f", "lavfi", "-i", source), language="en")

    assert heard.text == ""
    assert cues_from(heard) == []


@pytest.mark.whisper
def test_ten_hours_of_silence_take_seconds_and_little_memory(engine, recordings, tmp_path):
    source = recordings / "hostile/silence_10h.flac"
    audio = make_audio(tmp_path / "audio.wav", "-i", source)
    whisper.loaded(engine.folder, engine.threads)
    before_kb, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()

    heard = hear(audio, language="fr")

    audio.unlink()  # Of 1.1 GB, and pytest keeps the folders of three runs.
    grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
    assert (heard.duration_s, heard.segments, heard.language_detected) == (36_000, (), None)
    assert time.monotonic() - started < 20
    assert grown_kb < 200 * 1024


@pytest.mark.whisper
def test_another_language_than_declared_is_a_warning_only(engine, recordings, tmp_path):
    source = recordings / "speech/es_capitan_veneno.mp3"
    audio = make_audio(tmp_path / "audio.wav", "-t", "8", "-i", source)

    heard = hear(audio, language="fr")

    assert (heard.language, heard.language_detected) == ("fr", "es")
    assert heard.language_disagrees


@pytest.mark.whisper
def test_progress_never_falls_and_ends_at_one(engine, recordings, tmp_path):
    audio = make_audio(tmp_path / "audio.wav", "-i", recordings / "speech/en_jfk.flac")
    seen: list[float] = []

    engine.transcribe(audio, language="en", on_progress=seen.append, should_stop=lambda: False)

    assert seen == sorted(seen)
    assert seen[-1] == 1.0


@pytest.mark.whisper
def test_a_transcription_can_be_stopped_midway(engine, recordings, tmp_path):
    audio = make_audio(tmp_path / "audio.wav", "-i", recordings / "speech/es_capitan_veneno.mp3")
    seen: list[float] = []

    with pytest.raises(Cancelled):
        engine.transcribe(
            audio, language="es", on_progress=seen.append, should_stop=lambda: bool(seen)
        )

    assert seen[-1] < 0.5


@pytest.mark.whisper
def test_an_empty_recording_is_empty_speech(engine, tmp_path):
    audio = make_audio(tmp_path / "audio.wav", "-f", "lavfi", "-i", "anullsrc", "-t", "0")

    heard = hear(audio, language="en")

    assert (heard.text, heard.duration_s) == ("", 0)


@pytest.mark.whisper
@pytest.mark.parametrize("content", [b"", b"RIFF", b"<html>", b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0"])
def test_what_is_no_wav_is_refused(content, engine, tmp_path):
    audio = tmp_path / "audio.wav"
    audio.write_bytes(content)

    with pytest.raises(UnreadableAudio):
        hear(audio, language="en")


@pytest.mark.whisper
def test_audio_of_another_form_is_refused(engine, tmp_path):
    stereo = tmp_path / "stereo.wav"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", "anullsrc=d=1", stereo], check=True
    )

    with pytest.raises(UnreadableAudio, match="16000 Hz"):
        hear(stereo, language="en")


@pytest.mark.parametrize("language", NO_ENGINE)
def test_a_person_transcribes_what_no_engine_hears(language):
    assert languages.is_known(language)
    assert not has_engine(language)
    assert engine_for(language) is None


@pytest.mark.parametrize("language", ["fr", "en", "es", "ht", "ha", "yo", "fr-SN"])
def test_whisper_hears_the_campaigns_other_languages(language):
    assert has_engine(language)


def test_a_worker_that_was_not_set_up_does_not_pass_stories_on(no_engines):
    with pytest.raises(EngineAbsent, match="set_up"):
        engine_for("fr")


def test_one_language_can_have_its_own_engine(no_engines):
    wolof = FasterWhisper(folder=Path("wolof"), threads=1)

    register(wolof, languages=["wo"])

    assert engine_for("wo") is wolof
    assert has_engine("wo")
    assert engine_for("snk") is None


def test_the_list_of_whispers_languages_is_the_librarys():
    assert set(faster_whisper.tokenizer._LANGUAGE_CODES) == speech.WHISPER_LANGUAGES


def test_errors_are_of_words_and_not_of_writing():
    assert word_error_rate("Today, l\u2019eau: two-fold.", "today l'eau two fold") == 0
    assert word_error_rate("one two three four", "one too three") == 0.5


@pytest.mark.parametrize("code", ["xx", "", "FR", "klingon", "fr_FR"])
def test_a_code_that_does_not_exist_is_not_known(code):
    assert not languages.is_known(code)


def test_pages_do_not_load_the_engine():
    code = (
        "import sys, transcode.speech, transcode.cues, transcode.subtitles, transcode.weights;"
        "sys.exit(bool({'faster_whisper', 'ctranslate2', 'numpy'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
