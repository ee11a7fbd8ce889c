import json
from typing import Any

import pytest
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import DataError
from django.http import Http404
from django.test import Client, RequestFactory
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from common import errors
from common.errors import Conflict, Problem, Unavailable
from config import urls


class ConsentMissing(Conflict):
    code = "consent_missing"
    title = _("The consent is missing")


class InnerSerializer(serializers.Serializer[Any]):
    use = serializers.ChoiceField(choices=["online"])


class BodySerializer(serializers.Serializer[Any]):
    language = serializers.CharField(max_length=3)
    grants = InnerSerializer(many=True, required=False)


class Impatient(BaseThrottle):
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 12.4


class OpenView(APIView):
    public = True

    def post(self, request: Request) -> Response:
        BodySerializer(data=request.data).is_valid(raise_exception=True)
        return Response({})


class RefusingView(APIView):
    public = True

    def get(self, request: Request) -> Response:
        raise ConsentMissing("Ask the collector to record it.", use="online")


class ClosedView(APIView):
    roles = ("moderator",)

    def get(self, request: Request) -> Response:
        return Response({})


class ThrottledView(ClosedView):
    public = True
    throttle_classes = [Impatient]


class BrokenView(APIView):
    public = True

    def get(self, request: Request) -> Response:
        raise KeyError("the secret ingredient")


class UnfitView(APIView):
    public = True

    def get(self, request: Request) -> Response:
        raise ValidationError({"slug": ValidationError("Too long.", code="max_length")})


class OverflowingView(APIView):
    public = True

    def get(self, request: Request) -> Response:
        raise DataError("value too long")


def unfit_page(request):
    raise ValidationError("Too long.")


def overflowing_page(request):
    raise DataError("value too long")


def refusing_page(request):
    raise ConsentMissing("Ask the collector to record it.")


def broken_page(request):
    raise KeyError("the secret ingredient")


urlpatterns = [
    *urls.urlpatterns,
    path("api/v1/open", OpenView.as_view()),
    path("api/v1/refusing", RefusingView.as_view()),
    path("api/v1/closed", ClosedView.as_view()),
    path("api/v1/throttled", ThrottledView.as_view()),
    path("api/v1/broken", BrokenView.as_view()),
    path("page/refusing", refusing_page),
    path("page/broken", broken_page),
    path("api/v1/unfit", UnfitView.as_view()),
    path("api/v1/overflowing", OverflowingView.as_view()),
    path("page/unfit", unfit_page),
    path("page/overflowing", overflowing_page),
]
handler400 = errors.handler400
handler403 = errors.handler403
handler404 = errors.handler404
handler500 = errors.handler500


@pytest.fixture
def client(settings):
    settings.ROOT_URLCONF = __name__
    return Client(raise_request_exception=False)


def post(client, body, content_type="application/json"):
    return client.post("/api/v1/open", body, content_type=content_type)


def test_a_domain_error_is_a_problem_with_a_stable_code(client):
    response = client.get("/api/v1/refusing")

    assert response.status_code == 409
    assert response["Content-Type"] == "application/problem+json"
    assert response.json() == {
        "type": "urn:problem:consent_missing",
        "title": "The consent is missing",
        "status": 409,
        "code": "consent_missing",
        "detail": "Ask the collector to record it.",
        "use": "online",
    }


def test_refused_fields_are_named_by_pointer(client):
    response = post(client, {"language": "wolof", "grants": [{"use": "online"}, {"use": "radio"}]})

    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
    assert [error["pointer"] for error in response.json()["errors"]] == [
        "#/language",
        "#/grants/1/use",
    ]
    assert [error["code"] for error in response.json()["errors"]] == [
        "max_length",
        "invalid_choice",
    ]


@pytest.mark.parametrize(
    ("act", "status", "code"),
    [
        (lambda client: post(client, "{not json"), 400, "malformed"),
        (lambda client: post(client, "[" * 100_000), 400, "malformed"),
        (lambda client: post(client, '{"a":' * 100_000), 400, "malformed"),
        (lambda client: post(client, "[" * 51 + "]" * 51), 400, "malformed"),
        (lambda client: post(client, "[" * 50 + "]" * 50), 400, "invalid"),
        (lambda client: post(client, "[1]"), 400, "invalid"),
        (lambda client: client.get("/api/v1/overflowing"), 400, "bad_request"),
        (lambda client: client.get("/api/v1/closed?place=%00"), 400, "bad_request"),
        (lambda client: client.get("/api/v1/%00"), 400, "bad_request"),
        (lambda client: post(client, "<a/>", "text/xml"), 415, "unsupported_media_type"),
        (lambda client: client.get("/api/v1/closed"), 401, "not_authenticated"),
        (lambda client: client.get("/api/v1/open"), 405, "method_not_allowed"),
        (lambda client: client.get("/api/v1/nowhere"), 404, "not_found"),
        (lambda client: client.get("/api/v1/throttled"), 429, "throttled"),
        (lambda client: client.get("/api/v1/broken"), 500, "internal_error"),
        (
            lambda client: client.get("/api/v1/closed", headers={"Authorization": "Token no"}),
            401,
            "authentication_failed",
        ),
        (
            lambda client: client.get("/api/v1/refusing", headers={"Accept": "text/html"}),
            406,
            "not_acceptable",
        ),
    ],
)
@pytest.mark.django_db
def test_every_refusal_is_problem_json(client, act, status, code):
    response = act(client)

    assert response.status_code == status
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == code
    assert response.json()["status"] == status


def test_a_401_says_how_to_sign_in_and_a_405_what_is_allowed(client):
    closed, wrong = client.get("/api/v1/closed"), client.get("/api/v1/open")

    assert closed["WWW-Authenticate"] == "Device"
    assert wrong["Allow"] == "POST, OPTIONS"


def test_a_throttled_client_learns_when_to_come_back(client):
    response = client.get("/api/v1/throttled")

    assert response["Retry-After"] == "13"
    assert response.json()["retry_after_s"] == 13


@pytest.mark.parametrize("path", ["/api/v1/broken", "/page/broken"])
def test_a_failure_of_ours_says_nothing_but_its_number(client, path):
    response = client.get(path, headers={"X-Request-ID": "call-0001"})

    text = response.content.decode()
    assert response.status_code == 500
    assert "secret ingredient" not in text
    assert "KeyError" not in text
    assert "call-0001" in text


def test_what_a_model_refuses_is_named_like_what_a_serializer_refuses(client):
    response = client.get("/api/v1/unfit")

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"pointer": "#/slug", "code": "max_length", "detail": "Too long."}
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "path", ["/page/unfit", "/page/overflowing", "/page/%00", "/sign-in?next=%00"]
)
def test_a_page_refuses_what_cannot_be_stored(client, path):
    response = client.get(path)

    assert response.status_code == 400
    assert response["Content-Type"].startswith("text/html")


@pytest.mark.django_db
def test_a_page_shows_the_problem_as_a_page(client):
    response = client.get("/page/refusing")

    assert response.status_code == 409
    assert response["Content-Type"].startswith("text/html")
    assert "Ask the collector to record it." in response.content.decode()


def test_a_page_that_does_not_exist_is_a_page(client):
    response = client.get("/nowhere")

    assert response.status_code == 404
    assert response["Content-Type"].startswith("text/html")


def test_a_forged_form_is_refused_in_the_form_that_was_asked(rf: RequestFactory):
    api, page = errors.csrf_failure(rf.post("/api/v1/x")), errors.csrf_failure(rf.post("/sign-in"))

    assert json.loads(api.content)["code"] == "forbidden"
    assert "text/html" in page["Content-Type"]


def test_problems_speak_the_active_language(monkeypatch):
    monkeypatch.setattr(Unavailable, "title", _("Yes"))  # A word that Django itself translates.

    with translation.override("fr"):
        body = Unavailable().body()

    assert body["title"] == "Oui"


def test_extra_members_are_part_of_the_body():
    assert Problem("Why.", held_by="device:1").body()["held_by"] == "device:1"


def test_a_problem_has_one_sentence_for_people():
    assert Problem("Why.").sentence == "Why."
    assert Unavailable().sentence == str(Unavailable.title)


def test_djangos_own_exceptions_have_their_problem():
    not_found, too_large = errors.as_problem(Http404()), errors.as_problem(RequestDataTooBig())

    assert not_found is not None
    assert not_found.status == 404
    assert too_large is not None
    assert too_large.status == 413


def test_what_nobody_foresaw_is_no_problem():
    assert errors.as_problem(KeyError("x")) is None
