import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from accounts.models import PublishPolicy
from accounts.roles import Role
from consent.models import Withdrawal
from consent.withdrawal import withdraw
from moderation import cases, claims
from moderation.models import Case
from stories.models import Story
from stories.states import Status
from tests.accounts.make import (
    make_device,
    make_phone,
    make_programme,
    make_user,
    phone_client,
    staff_client,
)
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    make_twice_approved,
)
from tests.transcode.make import LINES
from transcode.models import Job, State

pytestmark = pytest.mark.django_db

STEPS = {
    "claim": {},
    "release": {},
    "approve": {"checklist": CHECKED},
    "confirm": {"checklist": CHECKED},
    "request-changes": {"reason": "Too loud."},
    "reject": {"reason": "No."},
}


def post(client: APIClient, case: Case, step: str, body: dict[str, object] | None = None):
    return client.post(f"/api/v1/cases/{case.pk}/{step}", STEPS[step] if body is None else body)


def take_back(case: Case) -> None:
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def test_two_moderators_take_a_story_from_the_queue_to_published():
    case = make_case()
    first, second = (staff_client(make_moderator(case)) for _ in range(2))

    listed = first.get("/api/v1/cases").json()["results"]
    answers = [post(first, case, "claim"), post(first, case, "approve")]
    answers += [post(second, case, "claim"), post(second, case, "confirm")]

    assert [one["id"] for one in listed] == [str(case.pk)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 200]
    shown = answers[-1].json()
    assert shown["case"]["standing"] == "published"
    assert [d["verdict"] for d in shown["decisions"]] == ["approve", "confirm"]


def test_a_case_holds_what_a_decision_needs():
    case = make_case()
    client = staff_client(make_moderator(case))

    shown = client.get(f"/api/v1/cases/{case.pk}").json()

    assert [cue["text"] for cue in shown["cues"]] == list(LINES)
    assert shown["footage"]["media_url"].startswith("/media/")
    assert {use["code"]: use["allowed"] for use in shown["consent"]["uses"]}["online"] is False
    assert shown["consent"]["may_be_screened"] is True
    assert [item["code"] for item in shown["checklist"]] == CHECKED
    assert shown["steps"] == ["claim"]


def test_the_steps_that_are_offered_are_those_that_may_be_taken():
    case = make_case()
    first, second = make_moderator(case), make_moderator(case)
    claims.claim(case, by=first)

    mine = staff_client(first).get(f"/api/v1/cases/{case.pk}").json()
    theirs = staff_client(second).get(f"/api/v1/cases/{case.pk}").json()

    decisions = {"approve", "request-changes", "reject"}
    assert set(mine["steps"]) == {"release", "transcribe", *decisions}
    assert (theirs["steps"], theirs["hurdle"]) == ([], "case_claimed")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER, Role.COORDINATOR])
def test_only_moderators_decide(role, step):
    case = make_case()
    client = staff_client(make_user(role=role, programme=case.story.programme))

    answer = post(client, case, step)

    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")
    assert Case.objects.get(pk=case.pk).claimed_by is None


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER, Role.PROTECTION_OFFICER])
def test_others_do_not_read_cases(role):
    case = make_case()
    client = staff_client(make_user(role=role, programme=case.story.programme))

    answers = [client.get("/api/v1/cases"), client.get(f"/api/v1/cases/{case.pk}")]

    assert [answer.status_code for answer in answers] == [403, 403]


def test_a_collectors_phone_reads_no_case_though_its_collector_moderates():
    programme = make_programme()
    person = make_user(Role.COLLECTOR, Role.MODERATOR, programme=programme)
    _device, token = make_phone(programme=programme, collector=person)
    case = make_case(make_device(programme=programme))

    answer = phone_client(token).get(f"/api/v1/cases/{case.pk}")

    assert answer.status_code == 403


def test_nobody_reads_cases_without_signing_in():
    case = make_case()

    assert APIClient().get(f"/api/v1/cases/{case.pk}").status_code == 401


@pytest.mark.parametrize("step", STEPS)
def test_another_programmes_case_does_not_exist(step):
    case = make_case()
    client = staff_client(make_user(role=Role.SENIOR_MODERATOR))

    answers = [post(client, case, step), client.get(f"/api/v1/cases/{case.pk}")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert client.get("/api/v1/cases").json()["results"] == []


def test_an_unknown_case_is_a_404():
    client = staff_client(make_user(role=Role.MODERATOR))

    assert client.get(f"/api/v1/cases/{uuid.uuid4()}").status_code == 404


def test_a_refusal_over_http_says_why():
    case = make_case()
    moderator = make_moderator(case)
    client = staff_client(moderator)
    unclaimed = post(client, case, "approve")
    claims.claim(case, by=moderator)

    unticked = post(client, case, "approve", {"checklist": []})
    silent = post(client, case, "reject", {"reason": " "})
    unknown = post(client, case, "approve", {"checklist": ["everything"]})

    assert (unclaimed.status_code, unclaimed.json()["code"]) == (409, "case_not_claimed")
    assert (unticked.status_code, unticked.json()["code"]) == (400, "checklist_incomplete")
    assert (silent.status_code, silent.json()["code"]) == (400, "reason_missing")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "invalid")


def test_of_a_withdrawn_story_nothing_is_shown_but_that_it_was():
    case = make_case(title="The road to the coast")
    first = make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    take_back(case)

    answer = staff_client(first).get(f"/api/v1/cases/{case.pk}")

    shown = answer.json()
    assert shown["case"]["standing"] == "withdrawn"
    assert shown["footage"] == {
        "media_url": "",
        "media_type": "",
        "poster_url": "",
        "is_sound_only": False,
    }
    assert (shown["cues"], shown["consent"], shown["decisions"]) == ([], None, [])
    assert (shown["steps"], shown["case"]["poster_url"]) == ([], "")
    for secret in ("The road to the coast", "Voice one", *LINES, "/media/"):
        assert secret not in answer.content.decode()


def test_a_withdrawn_storys_card_shows_nothing_of_it():
    case = make_case(title="The road to the coast")
    take_back(case)

    answer = staff_client(make_moderator(case)).get("/api/v1/cases?state=closed")

    assert answer.json()["results"][0]["standing"] == "withdrawn"
    for secret in ("The road to the coast", "Voice one", "/media/"):
        assert secret not in answer.content.decode()


def test_the_queue_can_be_narrowed():
    programme = make_programme()
    device = make_device(programme=programme)
    mine, other, closed = make_case(device), make_case(device), make_case(device)
    moderator = make_moderator(mine)
    client = staff_client(moderator)
    claims.claim(mine, by=moderator)
    cases.reject(claims.claim(closed, by=moderator), by=moderator, reason="No.")

    def listed(query: str) -> set[str]:
        return {one["id"] for one in client.get(f"/api/v1/cases{query}").json()["results"]}

    assert listed("") == {str(mine.pk), str(other.pk)}
    assert listed("?mine=true") == {str(mine.pk)}
    assert listed("?state=closed") == {str(closed.pk)}
    assert len(listed("?state=all")) == 3
    assert client.get("/api/v1/cases?state=some").status_code == 400


def test_the_queue_is_paged_and_begins_with_who_waits_longest():
    device = make_device()
    made = [make_case(device) for _ in range(3)]
    client = staff_client(make_moderator(made[0]))

    page = client.get("/api/v1/cases?page_size=2").json()
    rest = client.get(page["next"]).json()

    listed = [one["id"] for one in page["results"] + rest["results"]]
    assert listed == [str(case.pk) for case in made]


def test_the_queue_asks_the_database_as_often_for_thirty_as_for_one():
    device = make_device()
    case = make_case(device, complete=False)
    client = staff_client(make_moderator(case))

    def queries(count: int) -> int:
        with CaptureQueriesContext(
            connection,
        ) as caught:
            assert len(client.get("/api/v1/cases").json()["results"]) == count
        return len(caught)

    for_one = queries(1)
    for _ in range(29):
        make_case(device, complete=False)
    for_thirty = queries(30)

    assert for_thirty == for_one <= 10


def test_a_case_that_is_still_being_made_shows_how_far_it_is():
    case = make_case(complete=False)
    Job.objects.filter(group=case.story_id).delete()
    Job.objects.create(
        queue="media",
        kind="renditions",
        subject=uuid.uuid4(),
        group=case.story_id,
        progress=0.4,
    )

    shown = staff_client(make_moderator(case)).get(f"/api/v1/cases/{case.pk}").json()

    assert shown["pending"] == "renditions_pending"
    [stage] = shown["case"]["stages"]
    assert (stage["kind"], stage["state"], stage["progress"]) == ("renditions", State.DUE, 0.4)


def test_a_coordinator_publishes_an_approved_story():
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    client = staff_client(make_user(role=Role.COORDINATOR, programme=programme))

    answer = client.post(f"/api/v1/stories/{case.story_id}/publish")

    assert (answer.status_code, answer.json()["status"]) == (200, "published")


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ORGANIZER, Role.COLLECTOR])
def test_nobody_else_publishes(role):
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    client = staff_client(make_user(role=role, programme=programme))

    answer = client.post(f"/api/v1/stories/{case.story_id}/publish")

    assert answer.status_code == 403
    assert Story.objects.get(pk=case.story_id).status == Status.APPROVED


def test_another_programmes_coordinator_finds_nothing_to_publish():
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    client = staff_client(make_user(role=Role.COORDINATOR))

    answer = client.post(f"/api/v1/stories/{case.story_id}/publish")

    assert answer.status_code == 404


def test_a_story_with_one_approval_is_not_published():
    case = make_case()
    first = make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    client = staff_client(make_user(role=Role.COORDINATOR, programme=case.story.programme))

    answer = client.post(f"/api/v1/stories/{case.story_id}/publish")

    assert (answer.status_code, answer.json()["code"]) == (409, "move_refused")
