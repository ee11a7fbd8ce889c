"""What a person must have looked for before a story may be shown to anybody."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Item:
    """`code` is stored with each approval for ever: add, never rename."""

    code: str
    label: str | Promise
    hint: str | Promise = ""


ITEMS: Final = (
    Item(
        "consent_heard",
        _("I saw or heard the consent, and it fits this recording"),
        _("The same person, the same story, and they answered each use freely."),
    ),
    Item(
        "nobody_else",
        _("Nobody else can be recognised who did not agree"),
        _("Look at the background, and listen for names of others."),
    ),
    Item(
        "no_smuggling",
        _("No smugglers' names, phone numbers, prices or routes"),
        _("In picture, sound and transcript: these are never published."),
    ),
    Item(
        "as_granted",
        _("Face, voice, name, village and route appear only where they were granted"),
        _("Compare with “What the storyteller allowed”."),
    ),
    Item(
        "safe_now",
        _("Nothing in it puts the storyteller at risk today"),
        _("Who could harm them if they saw it? If in doubt, ask for changes."),
    ),
)


CODES: Final = frozenset(item.code for item in ITEMS)


def missing_from(ticked: Collection[str]) -> list[Item]:
    """The items that `ticked`, a collection of codes, leaves out."""
    return [item for item in ITEMS if item.code not in ticked]
