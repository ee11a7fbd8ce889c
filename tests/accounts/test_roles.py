import pytest
from django.contrib.auth.models import AnonymousUser

from accounts.roles import Role, has_role, programmes_of
from tests.accounts.make import make_programme, make_user

pytestmark = pytest.mark.django_db


def test_a_role_holds_in_its_own_programme_only():
    senegal, guinea = make_programme(), make_programme()

    moderator = make_user(role=Role.MODERATOR, programme=senegal)

    assert has_role(moderator, senegal, Role.MODERATOR)
    assert not has_role(moderator, guinea, Role.MODERATOR)
    assert not has_role(moderator, senegal, Role.ORGANIZER)
    assert list(programmes_of(moderator, Role.MODERATOR)) == [senegal]


def test_a_senior_moderator_is_a_moderator_too_but_not_the_other_way_round():
    programme = make_programme()
    senior = make_user(role=Role.SENIOR_MODERATOR, programme=programme)
    junior = make_user(role=Role.MODERATOR, programme=programme)

    assert has_role(senior, programme, Role.MODERATOR)
    assert not has_role(junior, programme, Role.SENIOR_MODERATOR)


def test_several_roles_name_a_programme_once():
    programme = make_programme()
    both = make_user(Role.MODERATOR, Role.ORGANIZER, programme=programme)

    assert list(programmes_of(both)) == [programme]
    assert list(programmes_of(both, Role.MODERATOR, Role.ORGANIZER)) == [programme]


def test_a_closed_account_and_a_stranger_hold_nothing():
    programme = make_programme()
    left = make_user(role=Role.COORDINATOR, programme=programme)
    left.is_active = False

    assert not has_role(left, programme, Role.COORDINATOR)
    assert not has_role(AnonymousUser(), programme)


def test_being_a_superuser_opens_no_programme():
    root = make_user()
    root.is_superuser = True
    root.save(update_fields=["is_superuser"])

    assert not programmes_of(root).exists()
