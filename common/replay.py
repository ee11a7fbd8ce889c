"""Creating by client-made ids: a lost reply and its retry make one row, not two."""

import hashlib
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.utils.translation import gettext_lazy as _

from common.errors import Conflict


class IdReused(Conflict):
    code = "id_reused"
    title = _("This id already stands for something else")


M = TypeVar("M", bound=Model)


def fingerprint(content: Mapping[str, Any]) -> str:
    """Return the SHA-256 (hex) of `content`, the same whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, cls=DjangoJSONEncoder, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def declare_once(
    rows: QuerySet[M], *, pk: uuid.UUID, content: Mapping[str, Any], make: Callable[[str], M]
) -> tuple[M, bool]:
    """Return the row of `pk` and whether this call made it.

    `make` gets the fingerprint and creates the row with it; it runs in a transaction. A replay
    with the same content returns the first row, also when both come at once. Raises `IdReused`
    when `pk` stands for other content; the content should name its owner, so that another
    person's id is never answered with that person's row.
    """
    digest = fingerprint(content)
    if found := rows.filter(pk=pk).first():
        return _same(found, digest), False
    try:
        with transaction.atomic():
            return make(digest), True
    except IntegrityError:
        if found := rows.filter(pk=pk).first():
            return _same(found, digest), False
        raise


def _same(row: M, digest: str) -> M:
    if getattr(row, "declared_digest", None) != digest:
        raise IdReused(_("Another record was sent under this id. Make a new id and send it again."))
    return row
