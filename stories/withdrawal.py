"""Who withdraws takes all their stories along."""

from typing import Any

from audit import Actor
from consent.models import Storyteller
from stories.models import Story


def withdraw_stories(*, storyteller: Storyteller, by: Actor, **_kwargs: Any) -> None:
    """Receiver of `consent.signals.withdrawn`, in its transaction.

    The stories are locked first and in one order, before the first one moves: a move takes the
    collector's feed too, and who held that while waiting for another story would wait in a circle
    with a decision on that story.
    """
    theirs = Story.objects.filter(consent__storyteller=storyteller)
    for story in list(theirs.locked().order_by("pk")):
        story.withdraw(by=by)
