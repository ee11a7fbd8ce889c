"""People, programmes and phones."""

import itertools
import uuid

from rest_framework.test import APIClient

from accounts import devices
from accounts.models import Device, Membership, Programme, PublishPolicy, User
from accounts.roles import Role

_numbers = itertools.count(1)

PASSWORD = "correct horse battery"


def make_programme(
    *,
    slug: str = "",
    name: str = "",
    country: str = "SN",
    languages: list[str] | None = None,
    publish_policy: PublishPolicy = PublishPolicy.ON_APPROVAL,
) -> Programme:
    slug = slug or f"programme-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    return Programme.objects.create(
        slug=slug,
        name=name or slug,
        country=country,
        languages=["fr", "wo"] if languages is None else languages,
        publish_policy=publish_policy,
    )


def make_user(
    *roles: Role,
    role: Role | None = None,
    programme: Programme | None = None,
    username: str = "",
    language: str = "en",
    with_password: bool = False,
) -> User:
    """With roles in `programme` (a new one unless given).

    Only a user `with_password` can sign in by it: hashing is slow.
    """
    username = username or f"user-{next(_numbers)}-{uuid.uuid4().hex[:6]}"
    user = User(username=username, language=language)
    if with_password:
        user.set_password(PASSWORD)
    else:
        user.set_unusable_password()
    user.save()
    held = (*roles, role) if role else roles
    if held:
        place = programme or make_programme()
        for one in held:
            Membership.objects.create(user=user, programme=place, role=one.value)
    return user


def make_phone(
    *, programme: Programme | None = None, collector: User | None = None, name: str = "Test phone"
) -> tuple[Device, str]:
    """An enrolled phone and its token, let in the way a phone is."""
    place = programme or make_programme()
    person = collector or make_user(role=Role.COLLECTOR, programme=place)
    coordinator = make_user(role=Role.COORDINATOR, programme=place)
    code = devices.enrolment_code(place, person, by=coordinator)
    return devices.enrol(code, name=name, address="127.0.0.1")


def make_device(
    *, programme: Programme | None = None, collector: User | None = None, name: str = "Test phone"
) -> Device:
    """`make_phone` for a test that sends nothing."""
    device, _token = make_phone(programme=programme, collector=collector, name=name)
    return device


class PhoneClient(APIClient):
    """The API as a phone; `device` is set by tests that ask for it."""

    device: Device


def phone_client(token: str) -> PhoneClient:
    client = PhoneClient()
    client.credentials(HTTP_AUTHORIZATION=f"Device {token}")
    return client


def staff_client(user: User) -> APIClient:
    """The API as this person; how they signed in is left out."""
    client = APIClient()
    client.force_authenticate(user)
    return client
