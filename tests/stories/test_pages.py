"""The coordinator's pages, and who may not open them."""

import hashlib
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client

from accounts.roles import Role
from audit.models import Entry
from audit.trail import record
from common import storage
from common.errors import Conflict
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_programme, make_user, staff_client
from tests.consent.make import make_consent, make_storyteller
from tests.stories.make import make_story

pytestmark = pytest.mark.django_db


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def story():
    return make_story(status=Status.FAILED)


@pytest.fixture
def coordinator(story):
    return make_user(Role.COORDINATOR, programme=story.programme)


def test_a_failed_story_says_why_and_what_to_do(story, coordinator):
    client = signed_in(coordinator)

    listed, shown = client.get("/stories"), client.get(f"/stories/{story.pk}")

    assert "This is not a recording." in listed.content.decode()
    assert "Try again" in shown.content.decode()


def test_the_history_names_people_and_not_numbers(story, coordinator):
    story.retry(by=coordinator)

    page = signed_in(coordinator).get(f"/stories/{story.pk}").content.decode()

    assert "Processing tried again" in page
    assert coordinator.display_name in page
    assert f"{story.collector.display_name}&#x27;s phone" in page
    assert "device:" not in page


def test_an_entry_of_a_newer_version_is_shown_by_its_name(story, coordinator):
    newer: Any = SimpleNamespace(value="story.rewound")
    record(newer, story.audit_subject, by=coordinator)

    assert "story.rewound" in signed_in(coordinator).get(f"/stories/{story.pk}").content.decode()


def test_it_says_from_which_phone_a_story_came(story, coordinator):
    page = signed_in(coordinator).get(f"/stories/{story.pk}").content.decode()

    assert story.device.name in page


def test_of_a_withdrawn_story_the_pages_tell_only_that(coordinator):
    device = make_device(programme=coordinator.memberships.get().programme)
    storyteller = make_storyteller(device, pseudonym="Known pseudonym")
    story = make_story(
        device,
        consent=make_consent(device, storyteller=storyteller),
        status=Status.CHANGES_REQUESTED,
        title="Known in the village",
    )
    story.withdraw(by=coordinator)
    client = signed_in(coordinator)

    for path in ("/stories", f"/stories/{story.pk}"):
        page = client.get(path).content.decode()
        assert "A story that was withdrawn" in page
        assert "Known" not in page
        assert story.recording.sha256 not in page
        assert "Say which language" not in page


def test_a_refusal_without_a_detail_is_still_a_sentence(story, coordinator, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise Conflict

    monkeypatch.setattr(Story, "retry", refuse)

    page = signed_in(coordinator).post(f"/stories/{story.pk}/retry", follow=True)

    assert str(Conflict.title) in page.content.decode()


def test_trying_again_sends_it_back_to_the_machines(story, coordinator):
    signed_in(coordinator).post(f"/stories/{story.pk}/retry")

    assert Story.objects.get(pk=story.pk).status == Status.PROCESSING


def test_trying_again_what_did_not_fail_says_so(coordinator, story):
    other = make_story(make_device(programme=story.programme), status=Status.IN_REVIEW)

    answer = signed_in(coordinator).post(f"/stories/{other.pk}/retry", follow=True)

    assert "cannot become" in answer.content.decode()


@pytest.mark.parametrize("role", [role for role in Role if role != Role.COORDINATOR])
@pytest.mark.parametrize("path", ["/stories", "/stories/{pk}"])
def test_other_roles_do_not_open_the_pages(role, path, story):
    client = signed_in(make_user(role, programme=story.programme))

    assert client.get(path.format(pk=story.pk)).status_code == 403


@pytest.mark.parametrize("action", ["", "/retry", "/original", "/withdraw"])
def test_a_coordinator_of_another_programme_finds_nothing(action, story):
    client = signed_in(make_user(Role.COORDINATOR, programme=make_programme()))
    path = f"/stories/{story.pk}{action}"

    answer = client.post(path) if action else client.get(path)

    assert answer.status_code == 404
    assert Story.objects.get(pk=story.pk).status == Status.FAILED
    assert story.title not in client.get("/stories").content.decode()


def test_withdrawing_on_the_storytellers_word_takes_all_their_stories(coordinator, story):
    other = make_story(story.device, consent=story.consent, status=Status.PUBLISHED)

    signed_in(coordinator).post(f"/stories/{story.pk}/withdraw")

    assert set(Story.objects.values_list("status", flat=True)) == {Status.WITHDRAWN}
    assert Story.objects.filter(pk=other.pk).exists()


def test_the_original_of_a_failed_story_can_be_looked_at_and_that_is_written_down(tmp_path):
    path = tmp_path / "sent"
    path.write_bytes(b"<html>not a video</html>")
    key = storage.new_key("uploads")
    storage.put(path, key)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    story = make_story(status=Status.FAILED, content_key=key, sha256=sha256)
    coordinator = make_user(Role.COORDINATOR, programme=story.programme)

    answer = staff_client(coordinator).post(f"/api/v1/stories/{story.pk}/original")

    assert answer.json()["url"].startswith("/media/")
    entry = Entry.objects.of(story.audit_subject).last()
    assert (entry.action, entry.actor) == ("media.original_opened", coordinator.audit_name)


def test_nothing_of_a_withdrawn_story_can_be_opened(story, coordinator):
    story.withdraw(by=coordinator)

    answer = staff_client(coordinator).post(f"/api/v1/stories/{story.pk}/original")

    assert (answer.status_code, answer.json()["code"]) == (404, "original_missing")


@pytest.mark.parametrize("count", [1, 30])
def test_the_page_takes_the_same_queries_for_any_number(count, django_assert_max_num_queries):
    device = make_device()
    for _ in range(count):
        make_story(device)
    client = signed_in(make_user(Role.COORDINATOR, programme=device.programme))

    with django_assert_max_num_queries(12):
        answer = client.get("/stories")

    assert answer.content.decode().count("A made-up story") == count
