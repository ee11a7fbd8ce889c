"""`may()` says yes only with a reason for it, and its queryset twin always agrees."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consent import withdrawal
from consent.models import AppendOnly, ConsentRecord, Withdrawal
from consent.permission import may
from consent.uses import AgeBand, Use
from stories.models import Story
from tests.accounts.make import make_device
from tests.consent.make import granted, make_consent, make_storyteller
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


@pytest.mark.parametrize("spelling", ["Thiès", "thiès", "  THIÈS ", "Thie\u0300s"])
def test_an_excluded_place_is_found_in_any_spelling(spelling):
    consent = make_consent(grants=granted(SCREENING, excluded_places=["Thiès"]))

    assert permission(consent, place=spelling).code == "consent_place_excluded"
    assert permission(consent, place="Kolda")


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


moments = st.one_of(st.none(), st.integers(-3, 3).map(lambda days: timedelta(days=days)))
places = st.lists(st.sampled_from(["Kolda", "Thiès", "thiès", "Ziguinchor"]), max_size=3)


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
        "allowed": draw(st.booleans()),
        "use": draw(st.sampled_from([SCREENING, Use.ONLINE])),
        "not_before": begins,
        "expires_at": ends,
        "excluded_places": draw(places),
    }


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    several=st.lists(acts(), min_size=1, max_size=3),
    place=st.sampled_from([None, "Kolda", "THIÈS"]),
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
    return Story.objects.get(pk=story.pk)
