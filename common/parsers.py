"""Bodies of API requests."""

from collections.abc import Mapping
from typing import IO, Any, Final

from rest_framework import parsers
from rest_framework.exceptions import ParseError

# Ours are five deep. Python's own limit is some 900, less wherever the value is walked again.
MAX_DEPTH: Final = 50


class JSONParser(parsers.JSONParser):
    """DRF's, which fails on a body that is nested too deeply, where this one refuses it."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        try:
            parsed = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ParseError from error
        if _is_deeper(parsed, than=MAX_DEPTH):
            raise ParseError
        return parsed


def _is_deeper(value: Any, *, than: int) -> bool:
    """Level by level, since recursion is what this protects from."""
    level = [value]
    for _depth in range(than):
        level = [inner for outer in level for inner in _inside(outer)]
    return bool(level)


def _inside(value: Any) -> list[Any]:
    found = list(value.values()) if isinstance(value, dict) else value
    return [one for one in found if isinstance(one, dict | list)] if isinstance(found, list) else []
