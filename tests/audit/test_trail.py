import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit import SYSTEM, Action
from audit.append_only import AppendOnly
from audit.models import Chain, Entry
from audit.trail import record
from audit.verification import verify
from tests.races import race

SUBJECT = "story:7d0c9a52-57a4-4be5-8f0f-1a3f5a8d9a11"


@pytest.mark.django_db
def test_entries_of_a_subject_are_numbered_and_chained():
    first = record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)

    second = record(Action.STORY_SUBMITTED, SUBJECT, by=SYSTEM, recordings=2)

    assert (first.sequence, second.sequence) == (1, 2)
    assert second.previous == first.hash
    assert second.data == {"recordings": 2}
    assert list(verify()) == []


@pytest.mark.django_db
def test_subjects_have_chains_of_their_own():
    record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)

    other = record(Action.STORY_DECLARED, "story:other", by=SYSTEM)

    assert other.sequence == 1
    assert other.previous == ""


@pytest.mark.django_db
def test_an_entry_shares_the_fate_of_its_transaction():
    def record_and_fail() -> None:
        with transaction.atomic():
            record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        record_and_fail()

    assert not Entry.objects.exists()
    assert not Chain.objects.exists()


@pytest.mark.django_db
def test_recording_takes_four_queries(django_assert_max_num_queries):
    record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)

    with transaction.atomic(), django_assert_max_num_queries(4):
        record(Action.STORY_SUBMITTED, SUBJECT, by=SYSTEM)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        lambda entry: entry.save(),
        lambda entry: entry.delete(),
        lambda entry: Entry.objects.update(actor="user:2"),
        lambda entry: Entry.objects.all().delete(),
        lambda entry: Entry.objects.filter(pk=entry.pk).delete(),
        lambda entry: Entry.objects.bulk_update([entry], ["actor"]),
        lambda entry: Entry.objects.bulk_create([entry]),
    ],
)
def test_the_trail_cannot_be_changed_by_code(change):
    entry = record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)

    with pytest.raises(AppendOnly):
        change(entry)

    assert list(Entry.objects.values_list("actor", flat=True)) == ["system"]


@pytest.mark.django_db
def test_dates_and_ids_in_the_data_are_kept_as_text():
    pk, at = uuid.uuid4(), timezone.now()

    entry = record(Action.CASE_OPENED, SUBJECT, by=SYSTEM, story=pk, at_most=at)

    entry.refresh_from_db()
    assert entry.data["story"] == str(pk)
    assert list(verify()) == []


@pytest.mark.django_db
def test_a_number_that_json_cannot_say_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM, ratio=float("nan"))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner),
    max_leaves=8,
)


class TestAnyData(TestCase):
    @given(JSON_VALUES)
    def test_whatever_json_says_verifies_after_the_database_had_it(self, value):
        record(Action.CASE_OPENED, SUBJECT, by=SYSTEM, value=value)

        assert list(verify()) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("subject_is_new", [True, False])
def test_two_writers_on_one_subject_leave_an_unbroken_chain(subject_is_new):
    if not subject_is_new:
        record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)

    results = race(*[_twenty] * 2)

    assert results == [None, None]
    assert Entry.objects.of(SUBJECT).count() == 40 + (not subject_is_new)
    assert list(verify()) == []


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_the_same_writers_clash(monkeypatch):
    record(Action.STORY_DECLARED, SUBJECT, by=SYSTEM)
    monkeypatch.setattr(Chain.objects, "select_for_update", lambda: Chain.objects.all())

    results = race(*[_twenty] * 2, expected=(IntegrityError,))

    assert any(isinstance(result, IntegrityError) for result in results)


def _twenty():
    for _ in range(20):
        record(Action.STORY_SUBMITTED, SUBJECT, by=SYSTEM)
