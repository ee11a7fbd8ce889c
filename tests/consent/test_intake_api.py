"""What a phone declares of storytellers and their consent, and what it is told when refused."""

import json
import uuid

import pytest
from rest_framework.test import APIClient

from consent.models import ConsentRecord, ConsentText, Storyteller, Withdrawal
from consent.uses import Use
from consent.withdrawal import withdraw
from tests.accounts.make import make_device, make_phone, phone_client
from tests.consent.make import make_consent, make_storyteller, make_text, slip_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone():
    device, token = make_phone()
    client = phone_client(token)
    client.device = device
    return client


def storyteller_of(**changes):
    return {
        "id": str(uuid.uuid4()),
        "pseudonym": "Voice two",
        "age_band": "25_34",
        "slip_code": slip_code(),
        **changes,
    }


def consent_of(device, **changes):
    facts = {} if "storyteller" in changes else {"storyteller": make_storyteller(device).pk}
    return {
        "id": str(uuid.uuid4()),
        "text": make_text(device).pk,
        "spoken_language": "wo",
        "recorded_at": "2026-01-15T09:55:00Z",
        "proof_id": str(uuid.uuid4()),
        "proof_sha256": "a" * 64,
        "grants": [{"use": "community_screening", "allowed": True}],
        **facts,
        **changes,
    }


def test_a_slip_belongs_to_one_storyteller(phone):
    slip = slip_code()
    phone.post("/api/v1/storytellers", storyteller_of(slip_code=slip))

    answer = phone.post("/api/v1/storytellers", storyteller_of(slip_code=slip.lower()))

    assert (answer.status_code, answer.json()["code"]) == (409, "slip_taken")
    assert Storyteller.objects.count() == 1


def test_a_proof_proves_one_storytellers_consent(phone):
    first = make_consent(phone.device)

    answer = phone.post("/api/v1/consents", consent_of(phone.device, proof_id=str(first.proof_id)))

    assert (answer.status_code, answer.json()["code"]) == (409, "proof_taken")
    assert ConsentRecord.objects.count() == 1


def test_a_second_consent_of_one_storyteller_may_rest_on_the_same_proof(phone):
    first = make_consent(phone.device)
    proof = {"proof_id": str(first.proof_id), "proof_sha256": first.proof_sha256}
    body = consent_of(phone.device, storyteller=first.storyteller_id, **proof)

    assert phone.post("/api/v1/consents", body).status_code == 201


def test_what_an_offline_phone_brings_after_a_withdrawal_is_refused(phone):
    slip = slip_code()
    storyteller = make_storyteller(phone.device, slip=slip)
    APIClient().post("/api/v1/withdrawals", {"slip_code": slip})

    answer = phone.post("/api/v1/consents", consent_of(phone.device, storyteller=storyteller.pk))

    assert (answer.status_code, answer.json()["code"]) == (409, "consent_withdrawn")
    assert "new slip" in answer.json()["detail"]
    assert not ConsentRecord.objects.exists()


@pytest.mark.parametrize("again", ["proof_id", "proof_sha256"])
def test_what_proved_a_consent_that_was_withdrawn_proves_no_other(phone, again):
    first = make_consent(phone.device)
    withdraw(first.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
    same = str(getattr(first, again))

    answer = phone.post("/api/v1/consents", consent_of(phone.device, **{again: same}))

    assert (answer.status_code, answer.json()["code"]) == (409, "proof_taken")
    assert ConsentRecord.objects.count() == 1


def test_in_another_programme_the_same_file_is_another_file(phone):
    theirs = make_consent()
    withdraw(theirs.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    body = consent_of(phone.device, proof_sha256=theirs.proof_sha256)

    assert phone.post("/api/v1/consents", body).status_code == 201


def test_nobody_agreed_to_what_was_not_read_to_them(phone):
    ConsentText.objects.create(
        programme=phone.device.programme,
        version=7,
        language="fr",
        body="For the archive only.",
        uses=[Use.INTERNAL_ARCHIVE],
    )
    text = ConsentText.objects.get(version=7)

    answer = phone.post("/api/v1/consents", consent_of(phone.device, text=text.pk))
    problem = answer.json()

    assert (answer.status_code, problem["code"]) == (400, "use_not_asked")
    assert problem["uses"] == ["community_screening"]
    assert not ConsentRecord.objects.exists()


def test_a_no_to_what_was_not_read_is_a_no(phone):
    text = ConsentText.objects.create(
        programme=phone.device.programme, version=7, language="fr", body="Archive.", uses=[]
    )
    grants = [{"use": "online", "allowed": False}]

    answer = phone.post("/api/v1/consents", consent_of(phone.device, text=text.pk, grants=grants))

    assert answer.status_code == 201


@pytest.mark.parametrize("whose", ["nobody", "another programme", "another collector"])
def test_an_unknown_storyteller_is_named(phone, whose):
    unknown = {
        "nobody": uuid.uuid4,
        "another programme": lambda: make_storyteller(make_device()).pk,
        "another collector": lambda: (
            make_storyteller(make_device(programme=phone.device.programme)).pk
        ),
    }[whose]()

    answer = phone.post("/api/v1/consents", consent_of(phone.device, storyteller=str(unknown)))
    problem = answer.json()

    assert (answer.status_code, problem["code"]) == (404, "storyteller_unknown")
    assert problem["id"] == str(unknown)
    assert set(problem) == {"type", "title", "status", "code", "detail", "id"}


def test_another_programmes_text_is_not_known(phone):
    theirs = make_text(make_device())

    answer = phone.post("/api/v1/consents", consent_of(phone.device, text=theirs.pk))

    assert (answer.status_code, answer.json()["code"]) == (404, "consent_text_unknown")
    assert theirs.body not in answer.content.decode()


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": 10**30}, "#/text"),
        ({"text": -(10**30)}, "#/text"),
        ({"spoken_language": "xx"}, "#/spoken_language"),
        ({"spoken_language": "f\0r"}, "#/spoken_language"),
        ({"proof_sha256": "a" * 63 + "\0"}, "#/proof_sha256"),
        ({"recorded_at": "0001-01-01T00:00:00+14:00"}, "#/recorded_at"),
        (
            {"grants": [{"use": "online", "allowed": True, "excluded_places": ["Kol\0da"]}]},
            "#/grants/0/excluded_places/0",
        ),
        (
            {"grants": [{"use": "online", "allowed": True, "excluded_places": ["\u200b?"]}]},
            "#/grants/0/excluded_places/0",
        ),
        (
            # Longer by half once it is written as places are compared.
            {"grants": [{"use": "online", "allowed": True, "excluded_places": ["ß" * 80]}]},
            "#/grants/0/excluded_places/0",
        ),
        (
            {
                "grants": [
                    {"use": "online", "allowed": True, "not_before": "9999-12-31T23:59:59-12"}
                ]
            },
            "#/grants/0/not_before",
        ),
    ],
)
def test_what_no_database_takes_is_a_wrong_field(phone, change, pointer):
    answer = phone.post("/api/v1/consents", consent_of(phone.device, **change))

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert {error["pointer"] for error in answer.json()["errors"]} == {pointer}


@pytest.mark.parametrize("pseudonym", ["Voice\0", "Voice \ud800", "x" * 81, " "])
def test_a_pseudonym_is_text_that_can_be_shown(phone, pseudonym):
    # As escapes: a lone surrogate is JSON, but no UTF-8.
    body = json.dumps(storyteller_of(pseudonym=pseudonym))

    answer = phone.post("/api/v1/storytellers", data=body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid")
    assert not Storyteller.objects.exists()
