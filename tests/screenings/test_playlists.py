"""Playlists: what may be in one, in which order, and who may not touch it."""

import uuid

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Entry
from common.errors import Conflict, NotFound
from consent.uses import Use
from screenings import playlists
from screenings.models import PlaylistItem
from stories.states import Status
from tests.accounts.make import make_device, make_programme
from tests.consent.make import granted, make_consent
from tests.screenings.make import make_organizer, make_playlist, make_published_story, withdraw
from tests.stories.make import make_story

pytestmark = pytest.mark.django_db


def held(playlist):
    return [item.story for item in playlist.items.all()]


def three_stories():
    first = make_published_story(title="One")
    return first, *(make_published_story(first.programme, title=name) for name in ("Two", "Three"))


def test_items_stand_in_the_order_that_was_asked_for():
    one, two, three = three_stories()

    playlist = make_playlist(three, one, two)

    assert held(playlist) == [three, one, two]
    assert [item.position for item in playlist.items.all()] == [1, 2, 3]


def test_setting_items_again_replaces_them():
    one, two, three = three_stories()
    playlist = make_playlist(one, two)

    playlists.set_items(playlist, [three.pk, one.pk], by=playlist.created_by)

    assert held(playlist) == [three, one]


@pytest.mark.parametrize(
    ("steps", "order"), [(-1, [1, 0, 2]), (1, [0, 2, 1]), (-9, [1, 0, 2]), (9, [0, 2, 1])]
)
def test_a_film_moves_as_far_as_there_are_places(steps, order):
    stories = three_stories()
    playlist = make_playlist(*stories)

    playlists.move(playlist, stories[1].pk, by=playlist.created_by, steps=steps)

    assert held(playlist) == [stories[index] for index in order]


def test_adding_puts_a_film_at_the_end_once():
    one, two, _three = three_stories()
    playlist = make_playlist(one)

    for _again in range(2):
        playlists.add(playlist, two.pk, by=playlist.created_by)

    assert held(playlist) == [one, two]


def test_taking_out_closes_the_gap():
    one, two, three = three_stories()
    playlist = make_playlist(one, two, three)

    playlists.remove(playlist, two.pk, by=playlist.created_by)

    assert [(item.story, item.position) for item in playlist.items.all()] == [(one, 1), (three, 2)]


def test_a_story_of_another_programme_is_not_found_and_nothing_changes():
    story, foreign = make_published_story(), make_published_story()
    playlist = make_playlist(story)

    with pytest.raises(NotFound):
        playlists.set_items(playlist, [story.pk, foreign.pk], by=playlist.created_by)

    assert held(playlist) == [story]


@pytest.mark.parametrize("status", [Status.IN_REVIEW, Status.APPROVED])
def test_what_is_not_published_can_not_be_shown(status):
    published = make_published_story()
    waiting = make_story(make_device(programme=published.programme), status=status)
    playlist = make_playlist(published)

    with pytest.raises(playlists.NotScreenable) as refused:
        playlists.add(playlist, waiting.pk, by=playlist.created_by)

    assert refused.value.extra["stories"] == [str(waiting.pk)]
    assert held(playlist) == [published]


def test_a_story_may_be_shown_elsewhere_but_not_in_the_place_its_teller_excluded():
    device = make_device()
    grants = granted(Use.COMMUNITY_SCREENING, excluded_places=["Mbour"])
    story = make_published_story(consent=make_consent(device, grants=grants))
    organizer = make_organizer(device.programme)
    elsewhere = playlists.create(device.programme, by=organizer, name="A", place="Thiès")
    there = playlists.create(device.programme, by=organizer, name="B", place="mbour")

    playlists.add(elsewhere, story.pk, by=organizer)
    with pytest.raises(playlists.NotScreenable):
        playlists.add(there, story.pk, by=organizer)

    assert held(elsewhere) == [story]
    assert held(there) == []


def test_the_excluded_places_of_a_playlist_are_those_of_films_that_could_be_shown():
    device = make_device()
    stays, goes = (
        make_published_story(
            consent=make_consent(
                device, grants=granted(Use.COMMUNITY_SCREENING, excluded_places=places)
            )
        )
        for places in (["Mbour", "Touba"], ["Kolda"])
    )
    playlist = make_playlist(stays, goes, place="")

    before = playlists.excluded_places(playlist, at=timezone.now())
    playlists.rename(playlist, by=playlist.created_by, place="Touba")
    withdraw(goes)

    assert before == ["kolda", "mbour", "touba"]
    assert playlists.excluded_places(playlist, at=timezone.now()) == ["mbour", "touba"]


def test_what_another_use_excludes_is_not_named():
    device = make_device()
    grants = [
        *granted(Use.COMMUNITY_SCREENING),
        *granted(Use.ONLINE, excluded_places=["Kolda"]),
    ]
    story = make_published_story(consent=make_consent(device, grants=grants))

    assert playlists.excluded_places(make_playlist(story), at=timezone.now()) == []


def test_a_playlists_texts_are_kept_as_one_line_that_reads_forwards():
    story = make_published_story()

    playlist = make_playlist(story, name="An\x07\u202e evening\nhere", place="Thi\u200eès\t5")

    assert (playlist.name, playlist.place) == ("An evening here", "Thiès 5")


def test_a_withdrawn_film_stays_as_a_nameless_gap_and_does_not_count():
    one, two, _three = three_stories()
    playlist = make_playlist(one, two)

    withdraw(two)

    lines = playlists.lines(playlist, at=timezone.now())
    assert [line.title for line in lines] == ["One", None]
    assert [line.may_be_shown for line in lines] == [True, False]
    assert playlists.duration_s(lines) == 120


def test_a_list_that_names_a_story_twice_is_refused():
    story = make_published_story()
    playlist = make_playlist(story)

    with pytest.raises(Conflict):
        playlists.set_items(playlist, [story.pk, story.pk], by=playlist.created_by)


def test_moving_what_is_not_in_it_is_not_found():
    playlist = make_playlist(make_published_story())

    with pytest.raises(NotFound):
        playlists.move(playlist, uuid.uuid4(), by=playlist.created_by, steps=1)


def test_a_playlist_needs_a_name():
    programme = make_programme()

    with pytest.raises(playlists.NameMissing):
        playlists.create(programme, by=make_organizer(programme), name="  ")


def test_renaming_changes_what_is_given_and_leaves_the_rest():
    playlist = make_playlist(make_published_story(), name="Before", place="Thiès", language="fr")

    playlists.rename(playlist, by=playlist.created_by, name="  After \n all ")

    assert (playlist.name, playlist.place, playlist.language) == ("After all", "Thiès", "fr")


def test_the_database_takes_neither_a_position_nor_a_story_twice():
    one, two, _three = three_stories()
    playlist = make_playlist(one)

    for story, position in ((two, 1), (one, 2)):
        with pytest.raises(IntegrityError), transaction.atomic():
            PlaylistItem.objects.create(playlist=playlist, story=story, position=position)


def test_every_change_is_in_the_trail():
    playlist = make_playlist(make_published_story())

    playlists.rename(playlist, by=playlist.created_by, name="Other")

    actions = Entry.objects.filter(subject=playlist.audit_subject).order_by("sequence")
    assert [entry.action for entry in actions] == [
        "playlist.created",
        "playlist.changed",
        "playlist.changed",
    ]
