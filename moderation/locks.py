"""The one order in which rows are locked here: the story, then its case, then its audit chain."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from moderation.models import Case
from stories.models import Story


@contextmanager
def locked(case: Case) -> Iterator[Case]:
    """The case as it is now, in a transaction that holds its story's row and its own.

    A withdrawal locks the story first too: whoever comes second sees what the first one did.
    """
    with transaction.atomic():
        story = Story.objects.locked().get(pk=case.story_id)
        held = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=case.pk)
        held.story = story
        yield held
