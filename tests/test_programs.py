import os
import socket
import subprocess
import sys
import threading

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.db.utils import OperationalError

from tests import programs
from tests.environment import BASE_DIR


def test_a_private_postgres_ends_with_the_command_it_was_started_for():
    script = "import os; print(os.environ['MAM_DATABASE_URL']); raise SystemExit(7)"

    done = subprocess.run(
        [sys.executable, "-m", "tools.with_postgres", sys.executable, "-c", script],
        cwd=BASE_DIR,
        env={key: value for key, value in os.environ.items() if key != "MAM_TEST_DATABASE_URL"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 7, done.stderr
    port = int(done.stdout.rsplit(":", 1)[1].split("/")[0])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_database_that_the_environment_names_is_used_instead(monkeypatch):
    monkeypatch.setenv("MAM_TEST_DATABASE_URL", "postgresql://somebody@db/theirs")

    with programs.postgres() as url:
        assert url == "postgresql://somebody@db/theirs"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_tests_of_races_have_row_locks():
    row = ContentType.objects.create(app_label="tests", model="row")
    refused: list[OperationalError] = []

    def take_it_too() -> None:
        try:
            with transaction.atomic():
                ContentType.objects.select_for_update(nowait=True).get(pk=row.pk)
        except OperationalError as error:
            refused.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        ContentType.objects.select_for_update().get(pk=row.pk)
        other = threading.Thread(target=take_it_too)
        other.start()
        other.join()

    assert len(refused) == 1


@pytest.mark.browser
def test_the_browser_shows_the_letters_of_the_languages_and_plays_our_video(page):
    page.set_content("<h1>ɓ ɗ ŋ ñ ë ọ ẹ ṣ</h1><video controls></video>")

    h264 = 'document.createElement("video").canPlayType(\'video/mp4; codecs="avc1.4d401f"\')'

    assert page.inner_text("h1") == "ɓ ɗ ŋ ñ ë ọ ẹ ṣ"
    assert page.evaluate(h264) == "probably"


@pytest.mark.browser
def test_the_browser_reaches_nobody_but_the_tests_server(page):
    with pytest.raises(Exception, match="ERR_NAME_NOT_RESOLVED"):
        page.goto("http://example.org/")
