import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcode.cues import (
    LONGEST_S,
    Cue,
    CueError,
    check,
    cues_from,
    from_json,
    tidy,
    to_json,
)
from transcode.speech import Segment, Speech, Word


def make_speech(*words: tuple[float, float, str], duration_s: float = 3600) -> Speech:
    spoken = tuple(Word(start_s, end_s, text, 0.9) for start_s, end_s, text in words)
    segments = (Segment(0, duration_s, " ".join(w.text for w in spoken), spoken),) if spoken else ()
    return Speech("fr", "fr", 0.9, segments, "made", "made", duration_s)


def make_even_speech(text: str, *, word_s: float = 0.4) -> Speech:
    words = [(n * word_s, (n + 1) * word_s, word) for n, word in enumerate(text.split())]
    return make_speech(*words, duration_s=len(words) * word_s + 5)


@st.composite
def speeches(draw) -> Speech:
    """Any words at any pace, as an engine could give them: touching, instant, endless, huge."""
    words, now_s = [], 0.0
    for text in draw(st.lists(st.text(min_size=1, max_size=60), max_size=60)):
        now_s += draw(st.sampled_from([0, 0, 0, 0.02, 0.3, 1.5, 30]))
        end_s = now_s + draw(st.sampled_from([0, 0.02, 0.2, 0.4, 1.2, 9]))
        words.append((now_s, end_s, text))
        now_s = end_s
    return make_speech(*words, duration_s=now_s + draw(st.sampled_from([0, 0.4, 20])))


@given(speeches())
def test_cues_of_any_speech_can_be_shown(speech):
    cues = cues_from(speech)

    check(cues, duration_s=speech.duration_s)
    assert all(tidy(cue.text) == cue.text for cue in cues)


@given(speeches())
def test_cues_survive_json(speech):
    cues = cues_from(speech)

    assert from_json(to_json(cues)) == cues


def test_no_speech_gives_no_cues():
    assert cues_from(make_speech()) == []


def test_cues_end_where_sentences_do():
    speech = make_even_speech(
        "We walked for nine days. Nobody had water left. Then a truck came and we begged."
    )

    texts = [cue.text.replace("\n", " ") for cue in cues_from(speech)]

    assert texts == [
        "We walked for nine days.",
        "Nobody had water left.",
        "Then a truck came and we begged.",
    ]


def test_a_long_pause_ends_a_cue_even_inside_a_sentence():
    speech = make_speech((0, 1, "I"), (1, 2, "waited"), (6, 7, "for"), (7, 8, "him"))

    assert [cue.text for cue in cues_from(speech)] == ["I waited", "for him"]


def test_a_quick_word_is_shown_for_a_second():
    speech = make_speech((3.0, 3.2, "Oui."))

    assert cues_from(speech) == [Cue(3.0, 4.0, "Oui.")]


def test_slow_readers_get_the_pause_behind_fast_speech():
    text = "He said that they would surely come back for us"
    speech = make_even_speech(text, word_s=0.15)

    (cue,) = cues_from(speech)

    assert len(cue.text) / (cue.end_s - cue.start_s) <= 17.1


def test_no_word_is_lost_or_repeated():
    text = "and then they took the money and the phones and they left us " * 30
    speech = make_even_speech(text, word_s=0.35)

    assert " ".join(cue.text for cue in cues_from(speech)).split() == text.split()


def test_letters_are_composed():
    decomposed = unicodedata.normalize("NFD", "Baoulé")

    (cue,) = cues_from(make_speech((0, 2, decomposed)))

    assert cue.text == "Baoulé"


@pytest.mark.parametrize(
    ("cues", "index", "why"),
    [
        ([Cue(-0.5, 1, "a")], 0, "negative_start"),
        ([Cue(1, 1, "a")], 0, "not_after_start"),
        ([Cue(9, 11, "a")], 0, "after_the_end"),
        ([Cue(0, LONGEST_S + 0.001, "a")], 0, "too_long"),
        ([Cue(0, 1, " ")], 0, "empty"),
        ([Cue(0, 1, "a\nb\nc")], 0, "too_many_lines"),
        ([Cue(0, 1, "a" * 43)], 0, "line_too_long"),
        ([Cue(0, 2, "a"), Cue(1.999, 3, "b")], 1, "overlap"),
        ([Cue(5, 6, "a"), Cue(1, 2, "b")], 1, "out_of_order"),
    ],
)
def test_a_cue_that_cannot_be_shown_is_named(cues, index, why):
    with pytest.raises(CueError) as refused:
        check(cues, duration_s=10)

    assert (refused.value.index, refused.value.why) == (index, why)


def test_cues_that_touch_are_fine():
    check([Cue(0, 1.1, "a"), Cue(1.1, 2.2, "b")], duration_s=2.2)


@pytest.mark.parametrize("row", [[0, 1000], [0, "1", "a"], [0.5, 1, "a"], {"text": "a"}, None])
def test_rows_of_another_shape_are_refused(row):
    with pytest.raises(CueError, match="malformed"):
        from_json([[0, 1000, "fine"], row])
