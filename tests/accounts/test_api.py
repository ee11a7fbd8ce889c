import base64
import json
import re

import pytest
from django.urls import reverse
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from accounts import throttles
from accounts.models import Device
from accounts.roles import Role
from audit.models import Entry
from tests.accounts.make import (
    PASSWORD,
    make_device,
    make_phone,
    make_programme,
    make_user,
    phone_client,
    staff_client,
)

pytestmark = pytest.mark.django_db

TOKEN = "/api/v1/auth/token"


@pytest.fixture
def anybody():
    return APIClient()


def sign_in(client, username, password=PASSWORD):
    return client.post(TOKEN, {"username": username, "password": password})


def test_a_password_buys_a_token_that_names_its_user(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)

    token = sign_in(anybody, user.username).json()["token"]

    me = anybody.get("/api/v1/me", headers={"Authorization": f"Token {token}"}).json()
    assert me["id"] == user.pk
    assert [held["role"] for held in me["memberships"]] == ["moderator"]


def test_a_token_ends(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    token = sign_in(anybody, user.username).json()["token"]

    AuthToken.objects.update(expiry=timezone.now())

    for _again in range(2):
        late = anybody.get("/api/v1/me", headers={"Authorization": f"Token {token}"})
        assert (late.status_code, late.json()["code"]) == (401, "token_expired")
        assert late.json()["detail"] == "Sign in again."
        assert late["WWW-Authenticate"] == "Token"


def test_a_token_that_ended_goes_when_its_owner_uses_a_newer_one(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    sign_in(anybody, user.username)
    AuthToken.objects.update(expiry=timezone.now())
    newer = sign_in(anybody, user.username).json()["token"]

    anybody.get("/api/v1/me", headers={"Authorization": f"Token {newer}"})

    assert AuthToken.objects.count() == 1


def test_giving_a_token_back_ends_it(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    token = sign_in(anybody, user.username).json()["token"]
    anybody.credentials(HTTP_AUTHORIZATION=f"Token {token}")

    given_back = anybody.delete(TOKEN)

    assert given_back.status_code == 204
    assert anybody.get("/api/v1/me").status_code == 401


def test_an_old_token_does_not_keep_anybody_from_signing_in(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    anybody.credentials(HTTP_AUTHORIZATION="Token gone")

    assert sign_in(anybody, user.username).status_code == 201


def test_wrong_password_unknown_name_and_closed_account_look_the_same(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    closed = make_user(role=Role.MODERATOR, with_password=True)
    closed.is_active = False
    closed.save(update_fields=["is_active"])

    answers = [
        sign_in(anybody, user.username, "wrong"),
        sign_in(anybody, "nobody"),
        sign_in(anybody, closed.username),
    ]

    assert {answer.status_code for answer in answers} == {401}
    assert {answer.content for answer in answers} == {answers[0].content}
    assert answers[0].json()["code"] == "sign_in_refused"


def test_signing_in_leaves_a_trace_and_so_does_failing(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)

    sign_in(anybody, user.username, "wrong")
    sign_in(anybody, user.username)
    sign_in(anybody, "a password typed as a name")

    assert list(Entry.objects.of(user.audit_name).values_list("action", "actor")) == [
        ("auth.sign_in_failed", "anonymous"),
        ("auth.signed_in", user.audit_name),
    ]
    (unknown,) = Entry.objects.of("user:unknown")
    assert unknown.data == {}


def test_a_guesser_is_stopped_before_the_password_is_looked_at(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    for _ in range(throttles.SIGN_IN_BY_USERNAME.times):
        sign_in(anybody, user.username, "wrong")

    answer = sign_in(anybody, user.username)

    assert answer.status_code == 429
    assert answer.json()["code"] == "throttled"
    assert int(answer["Retry-After"]) > 0


def test_who_guesses_elsewhere_does_not_lock_the_owner_out(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    guesser = APIClient(REMOTE_ADDR="192.0.2.7")
    for _ in range(throttles.SIGN_IN_BY_USERNAME.times):
        sign_in(guesser, user.username, "wrong")

    assert sign_in(guesser, user.username).status_code == 429
    assert sign_in(anybody, user.username).status_code == 201


def test_a_name_guessed_from_many_addresses_is_closed_to_all(anybody, monkeypatch):
    monkeypatch.setattr("accounts.throttles.SIGN_IN_ANYWHERE", throttles.Limit("w", times=3))
    user = make_user(role=Role.MODERATOR, with_password=True)
    for number in range(3):
        sign_in(APIClient(REMOTE_ADDR=f"192.0.2.{number}"), user.username.upper(), "wrong")

    assert sign_in(anybody, user.username).status_code == 429


def test_no_single_address_can_close_a_name_to_all():
    assert throttles.SIGN_IN_ANYWHERE.times > 4 * throttles.SIGN_IN_BY_ADDRESS.times


@pytest.mark.parametrize("change", ["set_password", "set_unusable_password"])
def test_tokens_end_with_the_password_that_bought_them(anybody, change):
    user = make_user(role=Role.MODERATOR, with_password=True)
    other = make_user(role=Role.MODERATOR, with_password=True)
    tokens = [sign_in(anybody, one.username).json()["token"] for one in (user, other)]

    getattr(user, change)(*(["another horse battery"] if change == "set_password" else []))
    user.save()

    answers = [
        anybody.get("/api/v1/me", headers={"Authorization": f"Token {token}"}) for token in tokens
    ]
    assert [answer.status_code for answer in answers] == [401, 200]


def test_tokens_outlive_other_changes_of_a_person(anybody):
    user = make_user(role=Role.MODERATOR, with_password=True)
    token = sign_in(anybody, user.username).json()["token"]

    user.language = "fr"
    user.save()

    kept = anybody.get("/api/v1/me", headers={"Authorization": f"Token {token}"})
    assert kept.status_code == 200


@pytest.mark.parametrize("given", ["Token \xff", "Token é", "Token caf\xe9 x", "Device \xff"])
def test_a_token_of_strange_bytes_is_refused_like_any_other(anybody, given):
    answer = anybody.get("/api/v1/me", headers={"Authorization": given})

    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "position", ["p=xyz", "p=" + "9" * 40, "p=0001-01-01 00:00%2B23:59", "p=%00"]
)
def test_a_cursor_that_we_did_not_make_leads_nowhere(position):
    programme = make_programme()
    make_device(programme=programme)
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    cursor = base64.b64encode(position.encode()).decode()

    answer = staff_client(coordinator).get("/api/v1/devices", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_an_address_that_tries_many_names_is_stopped_too(anybody, monkeypatch):
    monkeypatch.setattr("accounts.throttles.SIGN_IN_BY_ADDRESS", throttles.Limit("a", times=3))
    for number in range(3):
        sign_in(anybody, f"nobody-{number}")

    assert sign_in(anybody, "nobody-4").status_code == 429


def test_others_are_not_held_up_by_one_guessed_name(anybody):
    guessed, other = (make_user(role=Role.MODERATOR, with_password=True) for _ in range(2))
    for _ in range(throttles.SIGN_IN_BY_USERNAME.times):
        sign_in(anybody, guessed.username, "wrong")

    assert sign_in(anybody, other.username).status_code == 201


def test_programmes_are_ones_own():
    own, other = make_programme(name="Own"), make_programme(name="Other")
    user = make_user(role=Role.ORGANIZER, programme=own)

    answer = staff_client(user).get("/api/v1/programmes")

    assert [row["slug"] for row in answer.json()["results"]] == [own.slug]
    assert other.slug not in answer.content.decode()


def test_a_coordinator_makes_a_code_with_a_picture_for_the_phone():
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    collector = make_user(role=Role.COLLECTOR, programme=programme)

    answer = staff_client(coordinator).post(
        f"/api/v1/programmes/{programme.slug}/enrolment-codes", {"collector": collector.pk}
    )

    body = answer.json()
    assert answer.status_code == 201
    assert json.loads(body["qr_payload"]) == {"server": "http://testserver", "code": body["code"]}
    assert body["qr_svg"].startswith("<svg")
    assert not re.search(r"\sstyle=", body["qr_svg"])


def test_a_collector_who_is_something_else_too_gets_a_code():
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    collector = make_user(Role.COLLECTOR, Role.ORGANIZER, programme=programme)

    answer = staff_client(coordinator).post(
        f"/api/v1/programmes/{programme.slug}/enrolment-codes", {"collector": collector.pk}
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COORDINATOR])
def test_nobody_else_makes_codes(role):
    programme = make_programme()
    user = make_user(role=role, programme=programme)
    collector = make_user(role=Role.COLLECTOR, programme=programme)

    answer = staff_client(user).post(
        f"/api/v1/programmes/{programme.slug}/enrolment-codes", {"collector": collector.pk}
    )

    assert answer.status_code == 403


def test_a_coordinator_of_another_programme_finds_nothing_here():
    device = make_device()
    stranger = staff_client(make_user(role=Role.COORDINATOR))

    code = stranger.post(
        f"/api/v1/programmes/{device.programme.slug}/enrolment-codes",
        {"collector": device.collector_id},
    )
    revoked = stranger.post(f"/api/v1/devices/{device.pk}/revoke")
    listed = stranger.get("/api/v1/devices")

    assert (code.status_code, revoked.status_code) == (404, 404)
    assert listed.json()["results"] == []
    assert not Device.objects.get().is_revoked


def test_a_collector_of_another_programme_gets_no_code_here():
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    elsewhere = make_user(role=Role.COLLECTOR)

    answer = staff_client(coordinator).post(
        f"/api/v1/programmes/{programme.slug}/enrolment-codes", {"collector": elsewhere.pk}
    )

    assert answer.status_code == 404


def test_a_phone_with_a_code_becomes_a_device_with_a_token(anybody, settings):
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    collector = make_user(role=Role.COLLECTOR, programme=programme)
    code = (
        staff_client(coordinator)
        .post(
            f"/api/v1/programmes/{programme.slug}/enrolment-codes",
            {"collector": collector.pk, "name": "Blue Tecno"},
        )
        .json()["code"]
    )

    answer = anybody.post("/api/v1/devices", {"code": code})

    body = answer.json()
    assert answer.status_code == 201
    assert body["programme"]["slug"] == programme.slug
    assert body["limits"] == {"upload_max_bytes": settings.UPLOAD_MAX_BYTES}
    assert Device.objects.get(pk=body["device"]).name == "Blue Tecno"
    assert phone_client(body["token"]).get("/api/v1/me").json()["id"] == collector.pk


def test_guessing_codes_is_stopped(anybody, monkeypatch):
    monkeypatch.setattr("accounts.throttles.ENROL_BY_ADDRESS", throttles.Limit("e", times=2))

    answers = [anybody.post("/api/v1/devices", {"code": f"GUESS-{n}"}) for n in range(3)]

    assert [answer.status_code for answer in answers] == [400, 400, 429]
    assert answers[0].json()["code"] == "enrolment_code_refused"


def test_a_training_room_behind_one_address_gets_in(monkeypatch):
    monkeypatch.setattr("accounts.throttles.ENROL_BY_ADDRESS", throttles.Limit("r", times=2))

    phones = [make_device() for _ in range(4)]

    assert len(phones) == 4


def test_who_has_to_wait_is_told_how_long(anybody, monkeypatch):
    limit = throttles.Limit("wait", times=1, window_s=600)
    monkeypatch.setattr("accounts.throttles.ENROL_BY_ADDRESS", limit)
    monkeypatch.setattr("time.time", lambda: 600 * 1000 + 530.0)

    anybody.post("/api/v1/devices", {"code": "GUESS-1"})
    answer = anybody.post("/api/v1/devices", {"code": "GUESS-2"}, headers={"Accept-Language": "fr"})

    assert answer["Retry-After"] == "71"
    assert answer.json()["detail"] == "Trop de tentatives. Attendez 2 minutes et réessayez."


def test_a_revoked_phone_is_shut_out_at_once():
    device, token = make_phone()
    coordinator = make_user(role=Role.COORDINATOR, programme=device.programme)

    answer = staff_client(coordinator).post(f"/api/v1/devices/{device.pk}/revoke")

    assert answer.json()["revoked_at"] is not None
    refused = phone_client(token).get("/api/v1/me")
    assert (refused.status_code, refused.json()["code"]) == (401, "token_revoked")
    assert refused["WWW-Authenticate"] == "Device"


def test_a_phone_may_only_do_a_collectors_work_whatever_else_its_collector_is():
    programme = make_programme()
    person = make_user(Role.COLLECTOR, Role.COORDINATOR, programme=programme)
    device, token = make_phone(programme=programme, collector=person)

    answer = phone_client(token).get("/api/v1/devices")

    assert answer.status_code == 403
    assert staff_client(person).get("/api/v1/devices").status_code == 200
    assert str(device.pk) not in answer.content.decode()


def test_a_phone_sees_its_own_programme_and_not_its_collectors_others():
    device, token = make_phone()
    other = make_programme()
    other.memberships.create(user=device.collector, role=Role.COLLECTOR)

    answer = phone_client(token).get("/api/v1/programmes")

    assert [row["slug"] for row in answer.json()["results"]] == [device.programme.slug]


def test_a_phone_hears_of_no_role_that_its_collector_has_elsewhere():
    device, token = make_phone()
    other = make_programme()
    other.memberships.create(user=device.collector, role=Role.COORDINATOR)

    by_phone = phone_client(token).get("/api/v1/me").json()["memberships"]
    in_person = staff_client(device.collector).get("/api/v1/me").json()["memberships"]

    assert by_phone == [{"programme": device.programme.slug, "role": "collector"}]
    assert {held["programme"] for held in in_person} == {device.programme.slug, other.slug}


@pytest.mark.parametrize("count", [1, 30])
def test_the_list_of_phones_takes_the_same_queries_for_1_and_30(
    count, django_assert_max_num_queries
):
    programme = make_programme()
    coordinator = make_user(role=Role.COORDINATOR, programme=programme)
    for _ in range(count):
        make_device(programme=programme)
    client = staff_client(coordinator)

    with django_assert_max_num_queries(2):
        answer = client.get("/api/v1/devices", {"programme": programme.slug})

    assert len(answer.json()["results"]) == count
    assert "token" not in answer.content.decode()


def test_nobody_is_anybody_without_a_token(anybody):
    for name in ("api-me", "api-programmes", "api-devices"):
        assert anybody.get(reverse(name)).status_code == 401
