"""What organizers may play before the evening: just what two people approved."""

import pytest
from django.utils import timezone

from common.errors import NotFound
from common.media import Claim
from tests.screenings.make import make_organizer, make_published_story, publish
from tests.transcode.make import make_revision, make_set
from transcode.serving import authorise_rendition

pytestmark = pytest.mark.django_db


def claim(made, viewer):
    rendition = made.renditions.first()
    return Claim("rendition", str(rendition.pk), "screening", viewer.audit_name, timezone.now())


def test_an_organizer_plays_what_was_approved():
    story = make_published_story()
    made = story.rendition_sets.get()

    servable = authorise_rendition(claim(made, make_organizer(story.programme)))

    assert servable.key == made.renditions.get().key


def test_an_older_set_is_not_played_once_another_one_is_approved():
    story = make_published_story()
    older, viewer = story.rendition_sets.get(), make_organizer(story.programme)
    newer = make_set(story)
    revision = make_revision(story)
    story.refresh_from_db()
    publish(story, newer, revision)

    assert authorise_rendition(claim(newer, viewer))
    with pytest.raises(NotFound):
        authorise_rendition(claim(older, viewer))


def test_a_set_that_nobody_approved_is_not_played():
    story = make_published_story()
    later = make_set(story)

    with pytest.raises(NotFound):
        authorise_rendition(claim(later, make_organizer(story.programme)))
