"""Each way to tamper, with SQL as who has the database would."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from audit import SYSTEM, Action, seals
from audit.models import Chain, Entry
from audit.trail import record
from audit.verification import Fault, verify

SUBJECT = "story:tampered"
OTHER = "story:untouched"


def make_trail(length: int = 4) -> None:
    for number in range(length):
        record(Action.STORY_RETRIED, SUBJECT, by=SYSTEM, attempt=number)
        record(Action.STORY_RETRIED, OTHER, by=SYSTEM, attempt=number)


def run(sql: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def faults() -> list[tuple[int, Fault]]:
    found = list(verify())
    assert {finding.subject for finding in found} <= {SUBJECT}
    return [(finding.sequence, finding.fault) for finding in found]


@pytest.mark.django_db
@pytest.mark.parametrize("sequence", [1, 2, 4])
@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "story.approved"),
        ("actor", "user:1"),
        ("at", "2001-01-01 00:00:00+00:00"),
        ("data", '{"attempt": 99}'),
        ("previous", "0" * 64),
        ("hash", "0" * 64),
    ],
)
def test_a_changed_entry_is_found(sequence, column, value):
    make_trail()

    run(
        f"UPDATE audit_entry SET {column} = %s WHERE subject = %s AND sequence = %s",  # noqa: S608  # Ours.
        value,
        SUBJECT,
        sequence,
    )

    assert (sequence, Fault.CHANGED) in faults()


@pytest.mark.django_db
@pytest.mark.parametrize("sequence", [1, 2, 4])
def test_a_removed_entry_is_found(sequence):
    make_trail()

    run("DELETE FROM audit_entry WHERE subject = %s AND sequence = %s", SUBJECT, sequence)

    assert faults() == [(sequence, Fault.REMOVED)]


@pytest.mark.django_db
def test_removing_the_last_entry_and_winding_the_chain_back_is_found():
    make_trail()
    third = Entry.objects.get(subject=SUBJECT, sequence=3)

    run("DELETE FROM audit_entry WHERE subject = %s AND sequence = 4", SUBJECT)
    run("UPDATE audit_chain SET length = 3, head = %s WHERE subject = %s", third.hash, SUBJECT)

    assert faults() == [(0, Fault.CHAIN_CHANGED)]


@pytest.mark.django_db
def test_removing_all_entries_of_a_chain_is_found():
    make_trail()

    run("DELETE FROM audit_entry WHERE subject = %s", SUBJECT)

    assert faults() == [(number, Fault.REMOVED) for number in (1, 2, 3, 4)]


@pytest.mark.django_db
def test_removing_the_chain_is_found():
    make_trail()

    run("DELETE FROM audit_chain WHERE subject = %s", SUBJECT)

    assert faults() == [(0, Fault.CHAIN_REMOVED)]


@pytest.mark.django_db
def test_an_entry_added_at_the_end_is_found():
    make_trail()

    _insert(sequence=5)

    assert faults() == [(5, Fault.INSERTED)]


@pytest.mark.django_db
def test_an_entry_slipped_in_is_found_though_the_others_made_room():
    make_trail()

    run("UPDATE audit_entry SET sequence = 5 WHERE subject = %s AND sequence = 4", SUBJECT)
    _insert(sequence=4)

    assert (4, Fault.CHANGED) in faults()


@pytest.mark.django_db
def test_an_entry_of_another_subject_does_not_fit_here():
    make_trail()

    run("DELETE FROM audit_entry WHERE subject = %s AND sequence = 2", SUBJECT)
    run("UPDATE audit_entry SET subject = %s WHERE subject = %s AND sequence = 2", SUBJECT, OTHER)

    assert (2, Fault.CHANGED) in [(finding.sequence, finding.fault) for finding in verify(SUBJECT)]


@pytest.mark.django_db
def test_who_knows_the_scheme_but_not_the_key_is_found(settings):
    make_trail()
    genuine = settings.AUDIT_KEY
    settings.AUDIT_KEY = "a guess"

    record(Action.STORY_APPROVED, SUBJECT, by=SYSTEM)

    settings.AUDIT_KEY = genuine
    assert faults() == [(0, Fault.CHAIN_CHANGED), (5, Fault.CHANGED)]


class TestAnyEditOfAText(TestCase):
    @given(
        sequence=st.integers(1, 3),
        column=st.sampled_from(["action", "actor", "previous", "hash"]),
        text=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    )
    def test_is_found(self, sequence, column, text):
        make_trail(3)

        run(
            f"UPDATE audit_entry SET {column} = %s WHERE subject = %s AND sequence = %s",  # noqa: S608  # Ours.
            text,
            SUBJECT,
            sequence,
        )

        assert (sequence, Fault.CHANGED) in faults()


@pytest.mark.django_db
def test_the_command_is_content_with_an_honest_trail():
    make_trail()
    out = io.StringIO()

    call_command("audit_verify", stdout=out)

    assert out.getvalue() == "8 entries, no fault\n"


@pytest.mark.django_db
def test_the_command_lists_the_faults_and_fails():
    make_trail()
    run("UPDATE audit_entry SET actor = 'user:1' WHERE subject = %s AND sequence = 2", SUBJECT)
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 faults in 8 entries"):
        call_command("audit_verify", stdout=out)

    assert out.getvalue() == "story:tampered #2: changed\n"


@pytest.mark.django_db
def test_the_command_can_look_at_one_subject():
    make_trail()
    run("UPDATE audit_entry SET actor = 'user:1' WHERE subject = %s", SUBJECT)
    out = io.StringIO()

    call_command("audit_verify", subject=OTHER, stdout=out)

    assert out.getvalue() == "4 entries, no fault\n"


def _insert(*, sequence: int) -> None:
    """A forger's best: a plausible row with hashes of the right shape."""
    chain = Chain.objects.get(subject=SUBJECT)
    run(
        "INSERT INTO audit_entry (subject, sequence, action, actor, at, data, previous, hash)"
        " VALUES (%s, %s, 'story.approved', 'user:1', '2026-01-01 00:00:00+00:00', '{}', %s, %s)",
        SUBJECT,
        sequence,
        chain.head,
        seals.of_chain(chain),
    )
