"""Keyed hashes over canonical JSON, so that a row says the same on every database."""

import hashlib
import hmac
import json
from datetime import UTC
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder

from audit.models import Chain, Entry


def of_entry(entry: Entry) -> str:
    return _seal(
        [
            "entry",
            entry.subject,
            entry.sequence,
            entry.action,
            entry.actor,
            entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
            entry.data,
            entry.previous,
        ]
    )


def of_chain(chain: Chain) -> str:
    return _seal(["chain", chain.subject, chain.length, chain.head])


def plain(data: dict[str, Any]) -> dict[str, Any]:
    """`data` as any database gives it back: dates and ids as text, whole floats as integers.

    Raises ValueError for what JSON cannot say (NaN) and TypeError for unknown objects.
    """
    result: dict[str, Any] = json.loads(_canonical(data))
    return result


def _seal(fields: list[Any]) -> str:
    message = _canonical(fields).encode()
    return hmac.new(settings.AUDIT_KEY.encode(), message, hashlib.sha256).hexdigest()


def _canonical(value: Any) -> str:
    return json.dumps(
        _whole(value),
        cls=DjangoJSONEncoder,
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )


def _whole(value: Any) -> Any:
    # PostgreSQL's jsonb returns 1e16 as an integer, SQLite as it was written.
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_whole(inner) for inner in value]
    return value
