"""The first people of a programme, before there is anybody who could let them in."""

from collections.abc import Sequence

from django.conf import settings
from django.db import transaction

from accounts.models import Membership, Programme, User
from accounts.roles import Role
from audit import SYSTEM, Action
from audit.trail import record


@transaction.atomic
def make_programme(
    slug: str, *, name: str, country: str, languages: Sequence[str] = ()
) -> Programme:
    """The programme with this slug, made if it is new; an existing one stays as it is."""
    found = Programme.objects.filter(slug=slug).first()
    if found:
        return found
    programme = Programme(slug=slug, name=name, country=country, languages=list(languages))
    programme.full_clean()
    programme.save()
    record(Action.PROGRAMME_CREATED, programme.audit_subject, by=SYSTEM, slug=slug)
    return programme


@transaction.atomic
def make_user(
    username: str,
    *,
    password: str,
    language: str = settings.LANGUAGE_CODE,
    full_name: str = "",
) -> User:
    """The user with this name, made if it is new; an existing one keeps the password."""
    found = User.objects.filter(username=username).first()
    if found:
        return found
    first, _space, last = full_name.partition(" ")
    user = User(username=username, language=language, first_name=first, last_name=last)
    user.set_password(password)
    user.full_clean()
    user.save()
    return user


@transaction.atomic
def grant(user: User, programme: Programme, role: Role) -> Membership:
    """Give the role; again is no error and leaves no second entry."""
    membership, made = Membership.objects.get_or_create(
        user=user, programme=programme, role=role.value
    )
    if made:
        record(
            Action.MEMBERSHIP_GRANTED,
            programme.audit_subject,
            by=SYSTEM,
            user=user.pk,
            role=role.value,
        )
    return membership
