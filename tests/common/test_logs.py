import io
import json
import logging
import logging.config

import pytest
import structlog
from django.test import Client
from django.urls import path, reverse

from common.errors import NotFound, Unavailable
from common.logs import drop_secrets, logging_config
from config import urls
from tests.accounts.make import make_user


@pytest.fixture
def lines(monkeypatch):
    """What the configured handler writes, as parsed JSON lines."""
    out = io.StringIO()
    config = logging_config("INFO", json=True)
    config["handlers"]["stdout"]["stream"] = out
    before = logging.root.handlers[:]
    logging.config.dictConfig(config)
    yield lambda: [json.loads(line) for line in out.getvalue().splitlines()]
    logging.root.handlers[:] = before


def test_both_kinds_of_logger_write_one_json_object_a_line(lines):
    structlog.get_logger("rooms").info("story.submitted", story="7")
    logging.getLogger("celery.worker").warning("task %s came twice", "run_next")

    own, foreign = lines()
    assert (own["event"], own["story"], own["level"]) == ("story.submitted", "7", "info")
    assert (foreign["event"], foreign["logger"]) == ("task run_next came twice", "celery.worker")


def test_what_could_name_a_person_or_open_a_door_is_dropped():
    event = {
        "event": "device.enrolled",
        "device": "1",
        "token": "t",
        "Authorization": "Device t",
        "user_password": "p",
        "name": "n",
        "file_name": "f",
        "filename": "f",
        "transcript_text": "x",
        "title": "t",
        "failure_code": "not_a_video",
        "details": {"token_digest": "t", "count": 2},
    }

    kept = drop_secrets(None, "info", event)

    assert kept == {
        "event": "device.enrolled",
        "device": "1",
        "failure_code": "not_a_video",
        "details": {"count": 2},
    }


def test_a_traceback_is_logged_without_local_variables(lines):
    def fail() -> None:
        password = "open sesame"
        raise ValueError(len(password))

    try:
        fail()
    except ValueError:
        structlog.get_logger("rooms").exception("failed")

    (line,) = lines()
    assert "ValueError: 11" in line["exception"]
    assert "open sesame" not in json.dumps(line)


def gone(request, token):
    raise NotFound


def broken(request, token):
    raise KeyError


def closed(request, token):
    raise Unavailable


urlpatterns = [
    *urls.urlpatterns,
    path("slips/<str:token>", gone),
    path("broken/<str:token>", broken),
    path("closed/<str:token>", closed),
    path("api/v1/broken/<str:token>", broken),
]


def test_a_request_is_logged_by_its_route_and_never_by_its_path(client, settings, lines):
    settings.ROOT_URLCONF = __name__

    response = client.get("/slips/top-secret?phone=77")

    line = lines()[-1]
    assert (line["method"], line["route"], line["status"]) == ("GET", "slips/<str:token>", 404)
    assert line["ms"] >= 0
    assert line["request_id"] == response["X-Request-ID"]
    assert "top-secret" not in json.dumps(lines())


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("address", "route"),
    [
        ("/broken/top-secret", "broken/<str:token>"),
        ("/broken/top-secret-é", "broken/<str:token>"),
        ("/closed/top-secret", "closed/<str:token>"),
        ("/api/v1/broken/top-secret", "api/v1/broken/<str:token>"),
    ],
)
def test_a_failure_is_logged_by_its_route_and_never_by_its_path(settings, lines, address, route):
    settings.ROOT_URLCONF = __name__

    Client(raise_request_exception=False).get(address)

    (line,) = [line for line in lines() if line["logger"] == "django.request"]
    assert line["route"] == route
    assert line["event"] in ("Internal Server Error", "Service Unavailable")
    assert "top-secret" not in json.dumps(lines())


@pytest.mark.django_db
def test_a_forged_form_is_logged_without_the_pages_it_came_from_and_went_to(settings, lines):
    settings.ROOT_URLCONF = __name__

    Client(enforce_csrf_checks=True).post(
        "/slips/top-secret", secure=True, headers={"Referer": "https://elsewhere/top-secret"}
    )

    (line,) = [line for line in lines() if line["logger"] == "django.security.csrf"]
    assert (line["event"], line["route"]) == ("Forbidden", "slips/<str:token>")
    assert line["reason"] == "Referer checking failed"
    assert "top-secret" not in json.dumps(lines())


@pytest.mark.django_db
def test_a_request_is_logged_with_the_users_id_and_not_the_name(client, lines):
    user = make_user(username="someone-by-name")
    client.force_login(user)

    client.get(reverse("accounts:home"))

    line = lines()[-1]
    assert line["user"] == user.pk
    assert "someone-by-name" not in json.dumps(line)


@pytest.mark.parametrize(
    ("given", "taken"),
    [("a1b2c3d4-e5", True), ("short", False), ('x" injected="yes, and long', False)],
)
def test_a_callers_request_id_is_taken_over_when_it_looks_like_one(client, given, taken):
    response = client.get("/healthz", headers={"X-Request-ID": given})

    assert (response["X-Request-ID"] == given) is taken
