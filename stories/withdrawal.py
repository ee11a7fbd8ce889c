"""A withdrawn consent takes its stories with it."""

from typing import Any

from audit import Actor
from consent.models import ConsentRecord
from stories.models import Story


def withdraw_stories(*, record: ConsentRecord, by: Actor, **_kwargs: Any) -> None:
    """Receiver of `consent.signals.withdrawn`, in its transaction.

    All rows are locked first and in one order: moving them one by one would let two
    withdrawals, or a withdrawal and a decision, wait for each other in a circle.
    """
    stories = (
        Story.objects.select_for_update(of=("self",), no_key=True)
        .filter(consent=record)
        .order_by("pk")
    )
    for story in list(stories):
        story.withdraw(by=by)
