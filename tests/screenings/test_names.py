import pytest
from hypothesis import given
from hypothesis import strategies as st

from screenings import names


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Le retour à Ndiébène", "le-retour-a-ndiebene"),
        ("Ɓaawo ñaari ŋaari", "baawo-naari-naari"),
        ("Ọ̀rọ̀ ẹ̀ṣọ́", "oro-eso"),
        ("Cœur ﬁer", "coeur-fier"),
        ("../../etc/passwd", "etc-passwd"),
        ("💔", "story"),
        ("", "story"),
    ],
)
def test_a_title_becomes_ascii_that_can_still_be_read(title, slug):
    assert names.slug(title) == slug


@given(st.text(max_size=200))
def test_no_title_makes_a_dangerous_name(title):
    name = names.numbered(7, title, of=12)

    assert name.startswith("07_")
    assert len(name) <= 43
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_")


@given(st.text(max_size=200))
def test_a_title_in_a_list_is_one_line_that_reads_forwards(title):
    line = names.one_line(title)

    assert line.splitlines() in ([], [line])
    assert not set(line) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def test_numbers_sort_as_they_count():
    listed = [names.numbered(number, "x", of=120) for number in (2, 11, 101)]

    assert listed == sorted(listed) == ["002_x", "011_x", "101_x"]
