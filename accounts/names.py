"""Who is meant by the names in the audit trail, for people who read it."""

from collections.abc import Iterable

from django.utils.translation import gettext as _

from accounts.models import Device, User


def shown(audit_names: Iterable[str]) -> dict[str, str]:
    """Audit name → what a page shows; a person or phone that is gone keeps its audit name."""
    names = set(audit_names)
    users = {f"user:{user.pk}": user.display_name for user in _users(_ids(names, "user"))}
    phones = {
        f"device:{device.pk}": _("%(collector)s's phone")
        % {"collector": device.collector.display_name}
        for device in Device.objects.select_related("collector").filter(
            pk__in=_ids(names, "device")
        )
    }
    machines = {"system": _("the server"), "anonymous": _("the storyteller")}
    return {name: (users | phones | machines).get(name, name) for name in names}


def _users(ids: list[str]) -> Iterable[User]:
    return User.objects.filter(pk__in=ids)


def _ids(names: set[str], kind: str) -> list[str]:
    return [pk for head, _colon, pk in (name.partition(":") for name in names) if head == kind]
