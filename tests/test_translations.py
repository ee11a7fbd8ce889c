"""The French catalogue: it holds every sentence of the code, and its French is set as French is."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.environment import BASE_DIR
from tests.servers import child_environment

CATALOGUE = BASE_DIR / "locale" / "fr" / "LC_MESSAGES" / "django.po"
TRANSLATION = re.compile(r'^msgstr(?:\[\d\])? "(.+)"$', re.MULTILINE)


def gettext_says(*command: str | Path) -> str:
    """Run a gettext tool; answer what it complains about."""
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stderr + ("" if ran.returncode == 0 else f"it ended with {ran.returncode}")


def copy_of_the_code(folder: Path) -> Path:
    """The files that `makemessages` reads, without the catalogue."""
    for room in (path.parent for path in BASE_DIR.glob("*/__init__.py")):
        if room.name != "tests":
            shutil.copytree(
                room, folder / room.name, ignore=shutil.ignore_patterns("static", "__pycache__")
            )
    shutil.copy(BASE_DIR / "manage.py", folder)
    return folder


@pytest.fixture(scope="module")
def collected(tmp_path_factory) -> Path:
    """The sentences that are in the code now."""
    code = copy_of_the_code(tmp_path_factory.mktemp("code"))
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "--locale", "fr", "--no-wrap"],
        cwd=code,
        env=child_environment(),
        check=True,
        capture_output=True,
    )
    return code / "locale" / "fr" / "LC_MESSAGES" / "django.po"


@pytest.fixture(scope="module")
def translations() -> list[str]:
    """The French sentences, none of them over two lines."""
    _header, _blank, entries = CATALOGUE.read_text(encoding="utf-8").partition("\n\n")
    return TRANSLATION.findall(entries)


def test_every_sentence_of_the_code_has_its_french_and_no_other_is_kept(collected):
    assert gettext_says("msgcmp", CATALOGUE, collected) == ""


def test_a_new_sentence_would_be_noticed(collected, tmp_path):
    grown = tmp_path / "grown.po"
    grown.write_text(collected.read_text() + '\nmsgid "Nobody translated this"\nmsgstr ""\n')

    assert "but not defined" in gettext_says("msgcmp", CATALOGUE, grown)


def test_placeholders_and_plurals_are_those_of_the_english():
    checks = ["--check-format", "--check-domain", "--output-file=/dev/null"]

    assert gettext_says("msgfmt", *checks, CATALOGUE) == ""


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (r"'", "the apostrophe is the curly one"),
        (r"[“”]|«(?!\u00a0)|(?<!\u00a0)»", "quotation marks are « » with no-break spaces inside"),
        (r" [:;!?]", "the space before : ; ! ? does not break"),
        (r"[^\W\d_] ?[;!?]|%[;!?]", "there is a space before ; ! ?"),
        (r"\.\.\.", "the ellipsis is one character"),
    ],
)
def test_french_is_set_as_french_is(translations, wrong, reason):
    assert [one for one in translations if re.search(wrong, one)] == [], reason


@pytest.mark.django_db
def test_the_catalogue_is_the_one_that_pages_use(client):
    answer = client.get("/withdraw", headers={"accept-language": "fr"})

    assert "Retirer votre témoignage" in answer.content.decode()
