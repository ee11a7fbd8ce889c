"""`may()` says yes only with a reason for it, and its queryset twin always agrees."""

import re
import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from audit import SYSTEM
from audit.append_only import AppendOnly
from consent import permission as permissions
from consent import withdrawal
from consent.models import ConsentRecord, Grant, Withdrawal
from consent.permission import Permission, may
from consent.uses import AgeBand, Use
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_user
from tests.consent.make import granted, make_consent, make_storyteller, make_upload_row
from tests.stories.make import make_story

pytestmark = pytest.mark.django_db
SCREENING = Use.COMMUNITY_SCREENING


def permission(consent, use=SCREENING, *, place=None, later=timedelta()):
    return may(use, consent, at=timezone.now() + later, place=place)


def test_a_granted_use_is_permitted():
    assert permission(make_consent())


@pytest.mark.parametrize("use", [use for use in Use if use != Use.RESEARCH])
def test_a_use_without_an_answer_is_not_permitted(use):
    consent = make_consent(grants=granted(Use.RESEARCH))

    assert permission(consent, use).code == "consent_missing"


def test_a_use_answered_with_no_is_not_permitted():
    consent = make_consent(grants=[{"use": SCREENING, "allowed": False}])

    assert permission(consent).code == "consent_missing"


def test_without_proof_nothing_is_permitted():
    assert permission(make_consent(with_proof=False)).code == "consent_proof_missing"


def test_another_collectors_upload_is_no_proof():
    device = make_device()
    theirs = make_upload_row(make_device(programme=device.programme))

    consent = make_consent(device, with_proof=False, proof_id=theirs.pk, proof_sha256=theirs.sha256)

    assert permission(consent).code == "consent_proof_missing"


def test_a_proof_from_the_collectors_older_phone_stands():
    old = make_device()
    new = make_device(programme=old.programme, collector=old.collector)
    sent = make_upload_row(old)

    consent = make_consent(new, with_proof=False, proof_id=sent.pk, proof_sha256=sent.sha256)

    assert permission(consent)


def test_every_refusal_says_what_to_do():
    refusals = [
        one for one in vars(permissions).values() if isinstance(one, Permission) and not one
    ]

    assert len(refusals) == 8
    for refusal in refusals:
        assert len(re.findall(r"[.;]", str(refusal.reason))) >= 2, refusal.code


def test_an_embargo_holds_until_its_time():
    until = timezone.now() + timedelta(days=10)
    consent = make_consent(grants=granted(SCREENING, not_before=until))

    assert permission(consent).code == "consent_embargoed"
    assert permission(consent, later=timedelta(days=11))


def test_a_grant_ends_at_its_time():
    until = timezone.now() + timedelta(days=10)
    consent = make_consent(grants=granted(SCREENING, expires_at=until))

    assert permission(consent)
    assert permission(consent, later=timedelta(days=11)).code == "consent_expired"


@pytest.mark.parametrize(
    "spelling",
    [
        "Thiès",
        "  THIÈS ",
        "Thie\u0300s",
        "Thies",
        "\uff34hiès",
        "Thiès\u200b",
        "T\u00adhi\u200dès",
        "Mairie de Thiès",
        "Thiès, Sénégal",
        "Thiès/Mbour",
        "place d\u2019armes (Thiès)",
        "stade de l'amitié d'Thiès",
        "",
        " - ",
    ],
)
def test_an_excluded_place_is_found_in_any_spelling(spelling):
    consent = make_consent(grants=granted(SCREENING, excluded_places=["Thiès"]))

    assert permission(consent, place=spelling).code == "consent_place_excluded"
    assert not ConsentRecord.objects.permitting(SCREENING, at=timezone.now(), place=spelling)


@pytest.mark.parametrize("other", ["Kolda", "Thièsville", "Thi ville", "Thi, ès-Sud X", "hiès"])
def test_other_places_stay_open(other):
    consent = make_consent(grants=granted(SCREENING, excluded_places=["Thiès Nord", "Saint-Louis"]))

    assert permission(consent, place=other)
    assert permission(consent, place="Thiès")
    assert ConsentRecord.objects.permitting(SCREENING, at=timezone.now(), place=other).exists()


@pytest.mark.parametrize("spelling", ["saint louis", "SaintLouis", "Région de Saint-Louis, Nord"])
def test_a_place_of_several_words_is_found_however_they_are_joined(spelling):
    consent = make_consent(grants=granted(SCREENING, excluded_places=["Saint-Louis"]))

    assert permission(consent, place=spelling).code == "consent_place_excluded"


@given(st.text(max_size=30))
def test_the_key_of_a_key_is_the_key(place):
    key = permissions.place_key(place)

    assert permissions.place_key(key) == key
    assert not key or key.replace(" ", "") in permissions.runs(place)


@pytest.mark.parametrize(
    ("guardian", "child", "allowed"),
    [(True, True, True), (True, False, False), (False, True, False), (False, False, False)],
)
def test_a_minor_needs_both_guardian_and_own_assent(guardian, child, allowed):
    device = make_device()
    minor = make_storyteller(device, age_band=AgeBand.FROM_15_TO_17)
    consent = make_consent(
        device, storyteller=minor, guardian_consented=guardian, child_assented=child
    )

    assert permission(consent).allowed is allowed


def test_a_withdrawal_ends_every_use_also_for_times_past():
    consent = make_consent()
    withdrawal.withdraw(consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    assert permission(consent).code == "consent_withdrawn"
    assert permission(consent, later=timedelta(days=-5)).code == "consent_withdrawn"


def test_consent_is_only_ever_added_to():
    consent = make_consent()

    with pytest.raises(AppendOnly):
        consent.save()
    with pytest.raises(AppendOnly):
        consent.grants.get(use=SCREENING).delete()


@pytest.mark.parametrize(
    "change",
    [
        lambda consent: consent.grants.update(allowed=True),
        lambda consent: Grant.objects.filter(record=consent).delete(),
        lambda consent: ConsentRecord.objects.filter(pk=consent.pk).update(child_assented=True),
        lambda consent: Withdrawal.objects.all().delete(),
        lambda consent: consent.text._meta.model.objects.update(body="Something else"),
    ],
)
def test_nor_is_it_changed_in_bulk(change):
    consent = make_consent(grants=[{"use": SCREENING, "allowed": False}])

    with pytest.raises(AppendOnly):
        change(consent)

    assert not consent.grants.get(use=SCREENING).allowed


moments = st.one_of(st.none(), st.integers(-3, 3).map(lambda days: timedelta(days=days)))
places = st.lists(
    st.sampled_from(["Kolda", "Thiès", "thiès", "Ziguinchor", "Saint-Louis", "Thiès Nord"]),
    max_size=3,
)
WORDS = [
    "Kolda",
    "THIÈS",
    "Thies\u200b",
    "\uff34hie\u0300s",
    "Thièsville",
    "Saint",
    "Louis",
    "nord",
]
shown_in = st.one_of(
    st.none(),
    st.builds(str.join, st.sampled_from([" ", "-", ", ", ""]), st.lists(st.sampled_from(WORDS))),
)


@st.composite
def acts(draw):
    """An act of consent: who, with what proof, granting what under which conditions."""
    begins, ends = draw(moments), draw(moments)
    if begins is not None and ends is not None and begins >= ends:
        ends = None
    return {
        "age_band": draw(st.sampled_from(AgeBand)),
        "guardian_consented": draw(st.booleans()),
        "child_assented": draw(st.booleans()),
        "with_proof": draw(st.booleans()),
        "withdrawn": draw(st.booleans()),
        "status": draw(st.sampled_from(Status)),
        "allowed": draw(st.booleans()),
        "use": draw(st.sampled_from([SCREENING, Use.ONLINE])),
        "not_before": begins,
        "expires_at": ends,
        "excluded_places": draw(places),
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    several=st.lists(acts(), min_size=1, max_size=3),
    place=shown_in,
    days=st.integers(-3, 3),
)
def test_may_and_its_queryset_twin_agree(several, place, days):
    now = timezone.now()
    stories = [make_act(act, now=now) for act in several]
    at = now + timedelta(days=days)

    permitted = set(Story.objects.permitted(SCREENING, at=at, place=place))
    records = set(ConsentRecord.objects.permitting(SCREENING, at=at, place=place))

    for story in stories:
        assert (story in permitted) == bool(story.may(SCREENING, at=at, place=place))
        assert (story.consent in records) == bool(may(SCREENING, story.consent, at=at, place=place))


def make_act(act, *, now):
    device = make_device()
    grant = {
        "use": act["use"],
        "allowed": act["allowed"],
        "not_before": now + act["not_before"] if act["not_before"] is not None else None,
        "expires_at": now + act["expires_at"] if act["expires_at"] is not None else None,
        "excluded_places": act["excluded_places"],
    }
    consent = make_consent(
        device,
        storyteller=make_storyteller(device, age_band=act["age_band"]),
        grants=[grant],
        with_proof=act["with_proof"],
        guardian_consented=act["guardian_consented"],
        child_assented=act["child_assented"],
    )
    story = make_story(device, consent=consent)
    if act["withdrawn"]:
        withdrawal.withdraw(consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
    put_in(story, act["status"])
    return Story.objects.get(pk=story.pk)


def put_in(story, status):
    """Without the moves' checks: the consent may forbid the way there, or change on it."""
    if status == Status.WITHDRAWN:
        story.withdraw(by=SYSTEM)
        return
    facts = {"published_at": timezone.now(), "approved_case_id": uuid.uuid4()}
    Story.objects.filter(pk=story.pk).update(
        status=status, approved_by=make_user(), confirmed_by=make_user(), **facts
    )
