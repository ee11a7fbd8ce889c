"""The pages without a browser: who gets which, and what a refusal looks like."""

import re
import uuid

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import PublishPolicy, User
from accounts.roles import Role
from common import media
from common.errors import Forbidden, NotFound
from consent.models import Withdrawal
from consent.uses import Use
from consent.withdrawal import withdraw
from moderation import cases, claims, proofs
from moderation.models import Case
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_programme, make_user
from tests.consent.make import granted, make_consent
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    make_twice_approved,
    signed_in,
    take_over_later,
)
from tests.transcode.make import LINES
from transcode.models import RenditionSet
from transcode.serving import authorise_rendition
from uploads.models import Upload

pytestmark = pytest.mark.django_db

PAGES = ["", "/transcript.vtt", "/footage"]
FORMS = [
    "claim",
    "stay",
    "release",
    "approve",
    "confirm",
    "request-changes",
    "reject",
    "transcript",
]


def take_back(case: Case) -> None:
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)


def claim_of(
    case: Case, viewer: User, *, kind: str, pk: object, use: str = "review"
) -> media.Claim:
    return media.Claim(kind, str(pk), use, viewer.audit_name, timezone.now())


def test_the_queue_shows_what_is_to_be_reviewed():
    case = make_case(title="The road to the coast")
    client = signed_in(make_moderator(case))

    page = client.get("/moderation").content.decode()

    assert "The road to the coast" in page
    assert "Voice one" in page


def test_the_queue_of_another_programme_is_not_shown():
    make_case(title="The road to the coast")

    page = signed_in(make_user(role=Role.MODERATOR)).get("/moderation").content.decode()

    assert "The road to the coast" not in page
    assert "/media/" not in page


def test_polling_answers_nothing_until_the_queue_looks_different():
    case = make_case()
    moderator = make_moderator(case)
    client = signed_in(moderator)
    [seen] = re.findall(r"seen=(\w+)", client.get("/moderation").content.decode())
    poll = f"/moderation?shelf=open&seen={seen}"

    before = client.get(poll, headers={"HX-Request": "true"})
    claims.claim(case, by=moderator)
    after = client.get(poll, headers={"HX-Request": "true"})

    assert (before.status_code, after.status_code) == (204, 200)
    assert "With you" in after.content.decode()
    assert "<html" not in after.content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_pages_send_strangers_to_sign_in(page):
    case = make_case()

    answer = Client().get(f"/moderation/cases/{case.pk}{page}")

    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/sign-in")


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER, Role.PROTECTION_OFFICER])
@pytest.mark.parametrize("page", PAGES)
def test_pages_are_closed_to_other_roles(page, role):
    case = make_case()
    client = signed_in(make_user(role=role, programme=case.story.programme))

    assert client.get(f"/moderation/cases/{case.pk}{page}").status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_pages_of_another_programmes_case_do_not_exist(page):
    case = make_case()

    answer = signed_in(make_user(role=Role.MODERATOR)).get(f"/moderation/cases/{case.pk}{page}")

    assert answer.status_code == 404


@pytest.mark.parametrize("form", FORMS)
def test_forms_are_closed_to_coordinators_and_other_programmes(form):
    case = make_case()
    coordinator = make_user(role=Role.COORDINATOR, programme=case.story.programme)
    stranger = make_user(role=Role.MODERATOR)
    url = f"/moderation/cases/{case.pk}/{form}"

    answers = [signed_in(person).post(url).status_code for person in (coordinator, stranger)]

    assert answers == [403, 404]
    assert Case.objects.get(pk=case.pk).claimed_by is None


@pytest.mark.parametrize("form", [*FORMS, "publish"])
def test_a_link_alone_decides_nothing(form):
    case = make_case()

    answer = signed_in(make_moderator(case)).get(f"/moderation/cases/{case.pk}/{form}")

    assert answer.status_code == 405


def test_a_form_without_its_token_is_refused():
    case = make_case()
    client = Client(enforce_csrf_checks=True)
    client.force_login(make_moderator(case))

    assert client.post(f"/moderation/cases/{case.pk}/claim").status_code == 403


def test_a_refused_form_comes_back_with_the_reason_and_what_was_ticked():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)
    client = signed_in(moderator)

    answer = client.post(f"/moderation/cases/{case.pk}/approve", {"checklist": CHECKED[:1]})

    page = answer.content.decode()
    assert answer.status_code == 400
    assert "The checklist is not complete" in page
    assert page.count(" checked>") == 1


@pytest.mark.parametrize("step", ["request-changes", "reject"])
@pytest.mark.parametrize("reason", ["x" * 2001, "Too\x00 loud", "\u001b[31mLoud"])
def test_a_form_with_an_unfit_reason_is_refused_as_over_http(step, reason):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    answer = signed_in(moderator).post(f"/moderation/cases/{case.pk}/{step}", {"reason": reason})

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.content.decode()
    assert not case.decisions.exists()


def test_a_form_with_a_point_that_no_checklist_has_is_refused():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    answer = signed_in(moderator).post(
        f"/moderation/cases/{case.pk}/approve", {"checklist": [*CHECKED, "x" * 10_000]}
    )

    assert answer.status_code == 400
    assert not case.decisions.exists()


def test_a_conflict_is_shown_on_the_page_with_the_winners_name():
    case = make_case()
    claims.claim(case, by=make_moderator(case, username="mariama"))

    answer = signed_in(make_moderator(case)).post(f"/moderation/cases/{case.pk}/claim")

    assert answer.status_code == 409
    assert "mariama" in answer.content.decode()


def test_a_whole_review_on_the_pages():
    case = make_case()
    first, second = (signed_in(make_moderator(case)) for _ in range(2))
    url = f"/moderation/cases/{case.pk}"

    for client, step in ((first, "approve"), (second, "confirm")):
        client.post(f"{url}/claim")
        client.post(f"{url}/{step}", {"checklist": CHECKED})

    assert Story.objects.get(pk=case.story_id).status == Status.PUBLISHED
    assert "Published" in second.get(url).content.decode()


def test_a_coordinator_publishes_from_the_page_and_a_moderator_does_not():
    programme = make_programme(publish_policy=PublishPolicy.BY_COORDINATOR)
    case = make_twice_approved(device=make_device(programme=programme))
    url = f"/moderation/cases/{case.pk}/publish"
    coordinator = signed_in(make_user(role=Role.COORDINATOR, programme=programme))

    refused = signed_in(make_moderator(case)).post(url)
    shelf = coordinator.get("/moderation?shelf=to_publish").content.decode()
    done = coordinator.post(url)

    assert (refused.status_code, done.status_code) == (403, 302)
    assert str(case.pk) in shelf
    assert Story.objects.get(pk=case.story_id).status == Status.PUBLISHED


def test_staying_renews_ones_own_claim_and_nobody_elses():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)
    take_over_later(case)
    before = Case.objects.get(pk=case.pk).claimed_at

    signed_in(make_moderator(case)).post(f"/moderation/cases/{case.pk}/stay")
    untouched = Case.objects.get(pk=case.pk)
    signed_in(moderator).post(f"/moderation/cases/{case.pk}/stay")
    renewed = Case.objects.get(pk=case.pk)

    assert (untouched.claimed_by, untouched.claimed_at) == (moderator, before)
    assert renewed.holder(at=timezone.now()) == moderator


def test_the_case_page_shows_conditions_and_excluded_places():
    device = make_device()
    grants = granted(Use.TRANSCRIPTION) + granted(
        Use.COMMUNITY_SCREENING,
        excluded_places=["Kolda"],
        expires_at=timezone.now().replace(year=2090),
    )
    case = make_case(device, consent=make_consent(device, grants=grants))

    page = signed_in(make_moderator(case)).get(f"/moderation/cases/{case.pk}").content.decode()

    assert re.search(r"not in: <[^>]*>kolda<", page)
    assert "2090" in page


def test_the_page_of_a_withdrawn_story_shows_nothing_of_it():
    case = make_case(title="The road to the coast")
    moderator = make_moderator(case)
    client = signed_in(moderator)
    take_back(case)

    page = client.get(f"/moderation/cases/{case.pk}").content.decode()
    queue = client.get("/moderation?shelf=decided").content.decode()

    assert "withdrew" in page
    for secret in ("The road to the coast", "Voice one", *LINES, "/media/", "<video"):
        assert secret not in page + queue
    assert client.get(f"/moderation/cases/{case.pk}/transcript.vtt").status_code == 404
    assert client.get(f"/moderation/cases/{case.pk}/footage").status_code == 404


def test_the_transcript_is_a_webvtt_track_that_is_not_kept():
    case = make_case()

    answer = signed_in(make_moderator(case)).get(f"/moderation/cases/{case.pk}/transcript.vtt")

    assert answer["Content-Type"].startswith("text/vtt")
    assert "no-store" in answer["Cache-Control"]
    assert answer.content.decode().startswith("WEBVTT")


def test_a_media_address_ends_with_a_withdrawal():
    case = make_case()
    viewer = make_moderator(case)
    rendition = case.story.rendition_sets.get().renditions.get(profile="web_480")
    claim = claim_of(case, viewer, kind="rendition", pk=rendition.pk)
    shown = authorise_rendition(claim)

    take_back(case)

    assert shown.key == rendition.key
    with pytest.raises(NotFound):
        authorise_rendition(claim)


def test_a_moderator_may_hear_the_proof_of_consent():
    case = make_case()
    Upload.objects.filter(pk=case.story.consent.proof_id).update(content_type="audio/ogg")
    claim = claim_of(case, make_moderator(case), kind=proofs.KIND, pk=case.pk)

    servable = proofs.authorise_proof(claim)

    assert servable.key == Upload.objects.get(pk=case.story.consent.proof_id).content_key
    assert not servable.attachment


def test_a_proof_that_a_browser_could_run_is_only_a_download():
    case = make_case()
    Upload.objects.filter(pk=case.story.consent.proof_id).update(content_type="text/html")
    claim = claim_of(case, make_moderator(case), kind=proofs.KIND, pk=case.pk)

    assert proofs.authorise_proof(claim).attachment


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.ORGANIZER])
def test_others_do_not_hear_the_proof(role):
    case = make_case()
    colleague = make_user(role=role, programme=case.story.programme)
    stranger = make_user(role=Role.MODERATOR)

    for person in (colleague, stranger):
        with pytest.raises(NotFound):
            proofs.authorise_proof(claim_of(case, person, kind=proofs.KIND, pk=case.pk))


def test_the_proof_ends_with_a_withdrawal_and_serves_one_use():
    case = make_case()
    viewer = make_moderator(case)

    with pytest.raises(Forbidden):
        proofs.authorise_proof(
            claim_of(case, viewer, kind=proofs.KIND, pk=case.pk, use="screening")
        )
    with pytest.raises(NotFound):
        proofs.authorise_proof(claim_of(case, viewer, kind=proofs.KIND, pk=uuid.uuid4()))
    take_back(case)
    with pytest.raises(NotFound):
        proofs.authorise_proof(claim_of(case, viewer, kind=proofs.KIND, pk=case.pk))


def test_an_outdated_case_leads_to_the_new_one():
    case = make_case()
    first = make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    case.story.transcripts.get().revisions.create(number=2, cues=[])

    page = signed_in(first).get(f"/moderation/cases/{case.pk}").content.decode()

    assert str(case.story.cases.open().get().pk) in page


@pytest.mark.parametrize("profiles", [["first_listen"], ["first_listen", "audio"]])
def test_a_recording_without_a_picture_is_played_as_sound(profiles):
    case = make_case(files=dict.fromkeys(profiles, b"sound"))
    RenditionSet.objects.update(has_video=False)

    page = signed_in(make_moderator(case)).get(f"/moderation/cases/{case.pk}").content.decode()

    assert '<audio id="player"' in page
    assert "<video" not in page
    assert "Hide the picture" not in page
