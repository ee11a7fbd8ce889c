"""Who did it, as text: people and phones may be erased, what they did stays."""

from dataclasses import dataclass
from typing import Final, Protocol


class Actor(Protocol):
    """Anything with a stable, meaningless name such as `user:7` or `device:<uuid>`."""

    @property
    def audit_name(self) -> str: ...


@dataclass(frozen=True)
class Nobody:
    audit_name: str


SYSTEM: Final = Nobody("system")
ANONYMOUS: Final = Nobody("anonymous")
