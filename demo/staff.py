"""The demo's people: obviously made up, with passwords drawn at the first run."""

import json
import os
import secrets
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

from demo.api import Api, Refused
from demo.expectations import Unexpected

PROGRAMME: Final = "demo"
PROGRAMME_NAME: Final = "Demo programme"
COUNTRY: Final = "SN"
LANGUAGES: Final = "fr,en,wo,ff"
TEXTS: Final = Path(__file__).parent / "texts"

COORDINATOR: Final = "demo-coordinator"
COLLECTOR: Final = "demo-collector"
MODERATORS: Final = ("demo-moderator-1", "demo-moderator-2")
ORGANIZER: Final = "demo-organizer"
# In the order in which they are made: who knows the last of them knows all.
ROLES: Final = {
    COORDINATOR: "coordinator",
    COLLECTOR: "collector",
    **dict.fromkeys(MODERATORS, "moderator"),
    ORGANIZER: "organizer",
}
# The variable by which a password reaches `manage.py bootstrap`.
PASSWORD: Final = "MAM_DEMO_PASSWORD"  # noqa: S105  # Its name.

Manage = Callable[..., str]


class Staff:
    """Names and passwords; kept in `file`, which only its owner may read."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.passwords = self._read() or self._draw()

    def found(self, manage: Manage, *, on_share: Callable[[float], None]) -> None:
        """Make the programme, its consent texts and its people; those that are there stay.

        `on_share` hears how much of it is done, from 0 to 1.
        """
        texts = sorted(TEXTS.glob("consent.*.txt"))
        steps = [partial(self._bootstrap, username, manage) for username in ROLES]
        steps[1:1] = [partial(_add_text, text, manage) for text in texts]
        for done, step in enumerate(steps):
            on_share(done / len(steps))
            step()
        on_share(1.0)

    def found_coordinator(self, manage: Manage) -> None:
        """The one by whom a running service can be known, and the programme."""
        self._bootstrap(COORDINATOR, manage)

    def sign_in(self, username: str, url: str) -> Api:
        try:
            return Api.sign_in(url, username=username, password=self.passwords[username])
        except Refused as refused:
            raise Unexpected(
                f"{username} cannot sign in ({refused.code}): {self.file} does not belong to this "
                f"database. Set the password with manage.py changepassword and write it there."
            ) from refused

    def are_known_at(self, url: str) -> bool:
        """Whether the service there knows all of them."""
        return self._is_known(list(ROLES)[-1], url)

    def coordinator_is_known_at(self, url: str) -> bool:
        return self._is_known(COORDINATOR, url)

    def _is_known(self, username: str, url: str) -> bool:
        try:
            Api.sign_in(url, username=username, password=self.passwords[username])
        except Refused:
            return False
        return True

    def _bootstrap(self, username: str, manage: Manage) -> None:
        where = ("--programme", PROGRAMME, "--name", PROGRAMME_NAME, "--country", COUNTRY)
        who = ("--username", username, "--role", ROLES[username], "--password-env", PASSWORD)
        password = {PASSWORD: self.passwords[username]}
        manage("bootstrap", *where, "--languages", LANGUAGES, *who, env=password)

    def _read(self) -> dict[str, str]:
        if not self.file.exists():
            return {}
        passwords: dict[str, str] = json.loads(self.file.read_text())
        return passwords if passwords.keys() >= ROLES.keys() else {}

    def _draw(self) -> dict[str, str]:
        passwords = {username: secrets.token_urlsafe(12) for username in ROLES}
        self.file.parent.mkdir(parents=True, exist_ok=True)
        # Never readable by others, not even for the moment between writing and chmod.
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as kept:
            json.dump(passwords, kept, indent=2)
        return passwords


def _add_text(text: Path, manage: Manage) -> None:
    language = text.suffixes[0].removeprefix(".")
    manage("add_consent_text", text, "--programme", PROGRAMME, "--language", language)
