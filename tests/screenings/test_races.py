"""Two at once, on a database that locks rows."""

import pytest

from screenings import playlists
from screenings.models import Package
from tests.races import race
from tests.screenings.make import (
    build,
    make_playlist,
    make_published_story,
    request_package,
    stored_bytes,
    withdraw,
)

# A lambda that closes over the loop's variables is called before the next round.
# ruff: noqa: B023

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_two_who_reorder_at_once_queue_and_one_of_the_orders_stands(rounds):
    first = make_published_story()
    stories = [first, *(make_published_story(first.programme) for _ in range(5))]
    playlist = make_playlist(*stories)
    forwards = [story.pk for story in stories]
    backwards = forwards[::-1]

    for _round in range(rounds):
        results = race(
            lambda: playlists.set_items(playlist, forwards, by=playlist.created_by),
            lambda: playlists.set_items(playlist, backwards, by=playlist.created_by),
        )

        assert results == [None, None]
        held = list(playlist.items.values_list("story_id", flat=True))
        assert held in (forwards, backwards)


def test_two_who_move_the_same_film_both_move_it(rounds):
    first = make_published_story()
    stories = [first, *(make_published_story(first.programme) for _ in range(5))]

    for _round in range(rounds):
        playlist = make_playlist(*stories)

        def move():
            playlists.move(playlist, stories[-1].pk, by=playlist.created_by, steps=-1)

        assert race(move, move) == [None, None]
        held = list(playlist.items.values_list("story_id", flat=True))
        assert held.index(stories[-1].pk) == 3


def test_a_withdrawal_at_the_last_moment_never_leaves_bytes_behind(rounds):
    for _round in range(rounds):
        story = make_published_story()
        package = request_package(story)

        results = race(lambda: build(package), lambda: withdraw(story))

        build(package)
        assert results[1] == 1, results
        assert package.state in (Package.State.RECALLED, Package.State.FAILED), results
        assert stored_bytes() == b""
