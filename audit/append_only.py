"""Rows that are only ever added: what people agreed to, decided and did."""

from typing import Any, ClassVar, NoReturn, TypeVar

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict

M = TypeVar("M", bound=models.Model)


class AppendOnly(Conflict):
    code = "append_only"
    title = _("This record is only ever added to")


class AppendOnlyQuerySet(models.QuerySet[M]):
    """Refuses what changes or removes rows; adding is all there is."""

    def forget(self, **fields: Any) -> int:
        """Overwrite what a person could be known by, because their story is erased.

        The one exception, and only for that: ids, verdicts and times stay. Returns how many rows.
        """
        return super().update(**fields)

    def bulk_create(self, *args: Any, **kwargs: Any) -> list[M]:
        if kwargs.get("update_conflicts"):
            raise AppendOnly
        return super().bulk_create(*args, **kwargs)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    update = bulk_update = update_or_create = delete = _refuse


class AppendOnlyModel(models.Model):
    """Refuses to save a row again and to delete it, with `instead` as the way that is open."""

    instead: ClassVar[str | Promise] = _("Correct a mistake by another record.")

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly(self.instead)
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly(self.instead)
