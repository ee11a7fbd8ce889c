import io

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Programme, User
from accounts.roles import Role, has_role
from audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setenv("FIRST_PASSWORD", "correct horse battery")

    def bootstrap(**given):
        options = {"programme": "senegal", "username": "first", "password_env": "FIRST_PASSWORD"}
        call_command("bootstrap", **options | given, stdout=io.StringIO())

    return bootstrap


def test_it_makes_a_programme_and_its_coordinator(run):
    run(name="Senegal", country="SN", languages="fr,wo")

    programme, user = Programme.objects.get(), User.objects.get()
    assert (programme.slug, programme.name, programme.languages) == (
        "senegal",
        "Senegal",
        ["fr", "wo"],
    )
    assert has_role(user, programme, Role.COORDINATOR)
    assert user.check_password("correct horse battery")
    assert [entry.action for entry in Entry.objects.all()] == [
        "programme.created",
        "membership.granted",
    ]


def test_again_it_changes_nothing(run):
    run(name="Senegal")

    run(name="Another name")

    assert Programme.objects.get().name == "Senegal"
    assert Entry.objects.count() == 2


def test_it_gives_the_roles_that_are_named(run):
    run(username="second", role=["moderator", "organizer"])

    roles = User.objects.get().memberships.values_list("role", flat=True)
    assert set(roles) == {"moderator", "organizer"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"country": "Senegal"},
        {"languages": "fr,not a language"},
        {"password_env": "NO_SUCH_VARIABLE"},
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(run, wrong):
    with pytest.raises(CommandError):
        run(**wrong)

    assert not User.objects.exists()
    assert not Programme.objects.exists()


def test_a_weak_password_is_refused(run, monkeypatch):
    monkeypatch.setenv("FIRST_PASSWORD", "password")

    with pytest.raises(CommandError, match=r"too short|too common"):
        run()
