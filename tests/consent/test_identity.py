"""Name and contact: sealed, and for one role."""

import pytest

from accounts.roles import Role
from tests.accounts.make import make_phone, make_programme, make_user, staff_client
from tests.consent.make import make_storyteller

pytestmark = pytest.mark.django_db


def test_an_identity_is_for_protection_officers_alone():
    device, _token = make_phone()
    storyteller = make_storyteller(device)
    url = f"/api/v1/storytellers/{storyteller.pk}/identity"
    officer = staff_client(make_user(Role.PROTECTION_OFFICER, programme=device.programme))
    officer.put(url, {"name": "Not A Person", "contact": "none"})

    assert officer.get(url).json() == {"name": "Not A Person", "contact": "none"}
    for role in set(Role) - {Role.PROTECTION_OFFICER}:
        other = staff_client(make_user(role, programme=device.programme))
        assert other.get(url).status_code == 403
    stranger = staff_client(make_user(Role.PROTECTION_OFFICER, programme=make_programme()))
    assert stranger.get(url).status_code == 404
    assert b"Not A Person" not in bytes(storyteller.identity.name_sealed)
