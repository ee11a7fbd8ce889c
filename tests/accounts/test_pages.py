import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts import throttles
from accounts.models import Device
from accounts.places import places_for
from accounts.roles import Role
from audit.models import Entry
from tests.accounts.make import PASSWORD, make_device, make_programme, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def coordinator():
    return make_user(role=Role.COORDINATOR, programme=make_programme(name="Senegal"))


@pytest.fixture
def programme(coordinator):
    return coordinator.memberships.get().programme


@pytest.fixture
def signed_in(client, coordinator):
    client.force_login(coordinator)
    return client


def page_of(programme) -> str:
    return reverse("accounts:programme", kwargs={"slug": programme.slug})


def sign_in(client, username, password=PASSWORD, **extra):
    return client.post("/sign-in", {"username": username, "password": password, **extra})


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ORGANIZER, Role.COORDINATOR])
def test_signing_in_leads_each_role_to_its_work(client, role):
    user = make_user(role=role, with_password=True)

    sign_in(client, user.username)

    first = places_for([role])[0]
    assert client.get("/")["Location"] == first.url
    assert client.get(first.url).status_code == 200


def test_a_coordinator_of_one_programme_goes_straight_to_its_phones(signed_in, programme):
    response = signed_in.get(reverse("accounts:programmes"))

    assert response["Location"] == page_of(programme)


def test_a_coordinator_of_several_programmes_chooses(signed_in, coordinator, programme):
    second, foreign = make_programme(name="Guinea"), make_programme(name="Liberia")
    second.memberships.create(user=coordinator, role=Role.COORDINATOR)

    text = signed_in.get(reverse("accounts:programmes")).content.decode()

    assert page_of(programme) in text
    assert page_of(second) in text
    assert foreign.name not in text


def test_who_wanted_a_page_gets_there_after_signing_in(client):
    programme = make_programme()
    user = make_user(role=Role.COORDINATOR, programme=programme, with_password=True)
    sent = client.get(page_of(programme))

    response = sign_in(client, user.username, next=page_of(programme))

    assert sent["Location"].startswith("/sign-in?next=/programmes/")
    assert response["Location"] == page_of(programme)


@pytest.mark.parametrize("elsewhere", ["https://example.org/", "//example.org", "javascript:1"])
def test_a_link_cannot_lead_away_after_signing_in(client, elsewhere):
    user = make_user(role=Role.COORDINATOR, with_password=True)

    response = sign_in(client, user.username, next=elsewhere)

    assert response["Location"] == "/"


def test_a_wrong_password_says_no_more_than_that(client):
    user = make_user(role=Role.COORDINATOR, with_password=True)

    wrong, unknown = sign_in(client, user.username, "wrong"), sign_in(client, "nobody", "wrong")

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert "do not match" in wrong.content.decode()
    assert "do not match" in unknown.content.decode()
    assert "_auth_user_id" not in client.session


def test_guessing_on_the_page_is_stopped(client, monkeypatch):
    monkeypatch.setattr("accounts.throttles.SIGN_IN_BY_ADDRESS", throttles.Limit("p", times=1))
    sign_in(client, "nobody", "wrong")

    response = sign_in(client, "nobody", "wrong")

    assert response.status_code == 429
    assert "Too many attempts" in response.content.decode()


def test_signing_out_is_a_button_and_not_a_link(signed_in, coordinator):
    linked = signed_in.get("/sign-out")
    pressed = signed_in.post("/sign-out")

    assert linked.status_code == 405
    assert pressed["Location"] == "/sign-in"
    assert "_auth_user_id" not in signed_in.session
    assert Entry.objects.of(coordinator.audit_name).get().action == "auth.signed_out"


def test_a_form_without_its_token_is_refused_with_a_page():
    client = Client(enforce_csrf_checks=True)

    response = client.post("/sign-in", {"username": "x", "password": "y"})

    assert response.status_code == 403
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.MODERATOR, Role.ORGANIZER])
def test_who_is_no_coordinator_does_not_open_the_phones(client, role):
    programme = make_programme()
    client.force_login(make_user(role=role, programme=programme))

    assert client.get(page_of(programme)).status_code == 403


def test_another_programmes_phones_are_not_there(signed_in):
    other = make_device(name="Their phone")

    shown = signed_in.get(page_of(other.programme))
    enrolled = signed_in.post(
        reverse("accounts:enrol", kwargs={"slug": other.programme.slug}),
        {"collector": other.collector_id},
    )
    revoked = signed_in.post(
        reverse("accounts:revoke", kwargs={"slug": other.programme.slug, "pk": other.pk})
    )

    assert {shown.status_code, enrolled.status_code, revoked.status_code} == {404}
    assert "Their phone" not in shown.content.decode()
    assert not Device.objects.get(pk=other.pk).is_revoked


def test_a_phone_of_another_programme_is_not_reached_through_ones_own(signed_in, programme):
    other = make_device()

    response = signed_in.post(
        reverse("accounts:revoke", kwargs={"slug": programme.slug, "pk": other.pk})
    )

    assert response.status_code == 404


def test_a_coordinator_sees_the_phones_and_shuts_one_out(signed_in, programme):
    device = make_device(programme=programme, name="Blue Tecno")

    response = signed_in.post(
        reverse("accounts:revoke", kwargs={"slug": programme.slug, "pk": device.pk}), follow=True
    )

    text = response.content.decode()
    device.refresh_from_db()
    assert device.is_revoked
    assert "“Blue Tecno” can no longer send anything." in text
    assert 'data-status="revoked"' in text


def test_a_code_is_shown_once_with_its_picture(signed_in, programme):
    collector = make_user(role=Role.COLLECTOR, programme=programme)
    url = reverse("accounts:enrol", kwargs={"slug": programme.slug})

    response = signed_in.post(url, {"collector": collector.pk})

    text = response.content.decode()
    assert re.search(r"[2-9A-Z]{5}-[2-9A-Z]{5}", text)
    assert "<svg" in text
    assert "no-store" in response["Cache-Control"]
    assert signed_in.get(url).status_code == 405


def test_only_collectors_of_the_programme_can_be_chosen(signed_in, programme):
    make_user(role=Role.COLLECTOR, programme=programme)
    stranger = make_user(role=Role.COLLECTOR, username="a-stranger")

    response = signed_in.post(
        reverse("accounts:enrol", kwargs={"slug": programme.slug}), {"collector": stranger.pk}
    )

    assert response.status_code == 400
    assert "a-stranger" not in response.content.decode()


def test_a_collector_is_told_that_the_work_is_on_the_phone(client):
    client.force_login(make_user(role=Role.COLLECTOR))

    response = client.get("/")

    assert "phone" in response.content.decode()


def test_pages_speak_the_persons_language_unless_they_chose_another(client):
    client.force_login(make_user(role=Role.COLLECTOR, language="fr"))

    own = client.get("/")
    client.post("/language", {"language": "en"})
    chosen = client.get("/")

    assert '<html lang="fr">' in own.content.decode()
    assert '<html lang="en">' in chosen.content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_takes_the_same_queries_for_1_and_30_phones(
    count, signed_in, programme, django_assert_max_num_queries
):
    for _ in range(count):
        make_device(programme=programme)

    with django_assert_max_num_queries(9):
        signed_in.get(page_of(programme))
