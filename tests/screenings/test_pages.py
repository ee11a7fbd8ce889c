"""The organizers' pages, without a script."""

import re

import pytest
from django.urls import reverse

from accounts.roles import Role
from common import storage
from consent.uses import Use
from screenings.models import Package, Playlist
from tests.accounts.make import make_device, make_programme, make_user
from tests.consent.make import granted, make_consent
from tests.screenings.make import (
    build,
    make_organizer,
    make_package,
    make_playlist,
    make_published_story,
    request_package,
    withdraw,
)

pytestmark = pytest.mark.django_db


def page(name, *args):
    return reverse(f"screenings:{name}", args=args)


def text(response):
    return re.sub(r"\s+", " ", response.content.decode())


def as_organizer(client, programme, *, role=Role.ORGANIZER):
    client.force_login(make_organizer(programme, role=role))
    return client


def test_the_catalogue_shows_posters_of_what_may_be_shown(client):
    shown, foreign = make_published_story(title="Shown here"), make_published_story(title="Foreign")

    answer = as_organizer(client, shown.programme).get(page("catalogue"))

    assert "Shown here" in text(answer)
    assert "Foreign" not in text(answer)
    assert foreign.pk.hex not in text(answer)
    assert "<video" in text(answer)
    assert 'src="/media/' in text(answer)


def test_titles_are_text_and_never_markup(client):
    story = make_published_story(title="<script>alert(1)</script>")
    playlist = make_playlist(story)
    client.force_login(playlist.created_by)

    for address in (page("catalogue"), page("playlist", playlist.pk)):
        assert "<script>alert" not in text(client.get(address))


def test_the_pages_carry_no_inline_script_or_style(client):
    package = make_published_story()
    playlist = make_playlist(package)
    client.force_login(playlist.created_by)

    for address in (page("catalogue"), page("playlists"), page("playlist", playlist.pk)):
        shown = text(client.get(address))
        assert not re.search(r"<script(?![^>]*\bsrc=)", shown)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=", shown)


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.MODERATOR])
def test_other_roles_are_refused(client, role):
    playlist = make_playlist(make_published_story(title="Not for you"))
    client.force_login(make_user(role=role, programme=playlist.programme))

    answers = [
        client.get(page("catalogue")),
        client.get(page("playlists")),
        client.get(page("playlist", playlist.pk)),
        client.post(page("make-package", playlist.pk)),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert not any("Not for you" in text(answer) for answer in answers)


def test_another_programmes_playlist_is_not_found_whatever_one_does(client):
    story = make_published_story()
    playlist = make_playlist(story)
    package = Package.objects.create(playlist=playlist, requested_by=playlist.created_by)
    as_organizer(client, make_programme())

    answers = [client.get(page("playlist", playlist.pk))]
    for name in ("details", "add", "move", "remove", "make-package"):
        answers.append(client.post(page(name, playlist.pk), {"story": story.pk, "name": "Mine"}))
    answers += [client.get(page(name, package.pk)) for name in ("package", "download")]

    assert {answer.status_code for answer in answers} == {404}
    assert playlist.items.count() == 1


def test_a_playlist_is_made_and_leads_to_choosing_films(client):
    story = make_published_story()
    as_organizer(client, story.programme)

    made = client.post(page("playlists"), {"programme": story.programme.slug, "name": "Thiès"})

    playlist = Playlist.objects.get()
    assert made["Location"] == f"{page('catalogue')}?playlist={playlist.pk}"
    assert "Thiès" in text(client.get(made["Location"]))


def test_a_playlist_is_not_made_in_another_programme(client):
    foreign = make_programme()
    as_organizer(client, make_programme())

    answer = client.post(page("playlists"), {"programme": foreign.slug, "name": "Theirs"})

    assert answer.status_code == 400
    assert not Playlist.objects.exists()


def test_films_are_added_moved_and_taken_out_by_plain_forms(client):
    one = make_published_story(title="One")
    two = make_published_story(one.programme, title="Two")
    playlist = make_playlist(one)
    client.force_login(playlist.created_by)

    added = client.post(page("add", playlist.pk), {"story": two.pk, "query": "language=en"})
    client.post(page("move", playlist.pk), {"story": two.pk, "steps": "-1"})
    order = list(playlist.items.values_list("story__title", flat=True))
    client.post(page("remove", playlist.pk), {"story": one.pk})

    assert added["Location"] == f"{page('catalogue')}?language=en#film-{two.pk}"
    assert order == ["Two", "One"]
    assert playlist.items.get().story == two


def test_a_film_that_may_not_be_shown_is_refused_with_a_sentence(client):
    story = make_published_story(title="Taken back")
    playlist = make_playlist(programme=story.programme)
    withdraw(story)
    client.force_login(playlist.created_by)

    answer = client.post(page("add", playlist.pk), {"story": story.pk}, follow=True)

    assert "may not be shown in this place now" in text(answer)
    assert not playlist.items.exists()


def test_a_withdrawn_film_has_no_title_on_the_page_any_more(client):
    story = make_published_story(title="Somebody's own story")
    playlist = make_playlist(story)
    client.force_login(playlist.created_by)
    assert "own story" in text(client.get(page("playlist", playlist.pk)))

    withdraw(story)

    answer = text(client.get(page("playlist", playlist.pk)))
    assert "own story" not in answer
    assert "This film may not be shown here" in answer


def test_the_sum_of_the_films_stands_against_45_minutes(client):
    story = make_published_story(duration_s=1800)
    playlist = make_playlist(story, make_published_story(story.programme, duration_s=1000))
    client.force_login(playlist.created_by)

    answer = text(client.get(page("playlist", playlist.pk)))

    assert "46:40" in answer
    assert "of 45 min" in answer
    assert "1:40 too long" in answer


def test_the_pages_ask_as_much_for_thirty_films_as_for_one(
    client, django_assert_num_queries, django_assert_max_num_queries
):
    story = make_published_story()
    playlist = make_playlist(story)
    client.force_login(playlist.created_by)
    addresses = (page("catalogue"), page("playlist", playlist.pk))
    asked = []
    for address in addresses:
        with django_assert_max_num_queries(25) as queries:
            client.get(address)
        asked.append(len(queries))

    more = [make_published_story(story.programme) for _ in range(29)]
    for position, one in enumerate(more, start=2):
        playlist.items.create(story=one, position=position)

    for address, count in zip(addresses, asked, strict=True):
        with django_assert_num_queries(count):
            client.get(address)


def test_the_place_is_asked_for_where_the_package_is_made(client):
    playlist = make_playlist(make_published_story(), place="")
    client.force_login(playlist.created_by)

    asking = text(client.get(page("playlist", playlist.pk)))
    client.post(page("make-package", playlist.pk), {"place": " Kolda "})

    playlist.refresh_from_db()
    assert "Where will it be shown?" in asking
    assert playlist.place == "Kolda"
    assert playlist.packages.get().place == "Kolda"


def test_a_playlist_with_a_place_is_not_asked_for_another(client):
    playlist = make_playlist(make_published_story(), place="Thiès")
    client.force_login(playlist.created_by)

    asking = text(client.get(page("playlist", playlist.pk)))
    client.post(page("make-package", playlist.pk), {"place": "Kolda"})

    assert "Where will it be shown?" not in asking
    assert playlist.packages.get().place == "Thiès"


@pytest.mark.parametrize("body", [{}, {"place": " "}, {"place": "x" * 121}, {"place": "a\x00"}])
def test_an_older_page_that_names_no_place_is_told_what_is_missing(client, body):
    playlist = make_playlist(make_published_story(), place="")
    client.force_login(playlist.created_by)

    answer = client.post(page("make-package", playlist.pk), body, follow=True)

    assert "say where it will be shown" in text(answer).lower()
    assert not playlist.packages.exists()


def test_a_playlist_says_where_its_films_may_not_be_shown(client):
    device = make_device()
    grants = granted(Use.COMMUNITY_SCREENING, excluded_places=["Mbour"])
    playlist = make_playlist(make_published_story(consent=make_consent(device, grants=grants)))
    client.force_login(playlist.created_by)

    answer = client.get(page("playlist", playlist.pk))

    assert "Not to be shown in: mbour" in text(answer)


@pytest.mark.parametrize("place", ["x" * 121, "Thi\x00s"])
def test_a_place_that_can_not_be_one_shows_no_film(client, place):
    story = make_published_story(title="Shown here")

    answer = as_organizer(client, story.programme).get(page("catalogue"), {"place": place})

    assert answer.status_code == 400
    assert "Shown here" not in text(answer)


@pytest.mark.django_db(transaction=True)
def test_a_package_is_shown_from_its_making_to_its_download(client):
    package = request_package(make_published_story())
    client.force_login(package.requested_by)
    address = page("playlist", package.playlist_id)

    waiting = text(client.get(address))
    build(package)
    made = text(client.get(address))
    sent = client.get(page("download", package.pk))

    assert 'hx-trigger="every 1s"' in waiting
    assert '<meta http-equiv="refresh"' in waiting
    assert "hx-trigger" not in made
    assert package.sha256 in made
    assert "FAT32" in made
    assert sent["Location"].startswith("/media/")


@pytest.mark.django_db(transaction=True)
def test_a_recalled_package_says_which_film_and_can_not_be_had(client):
    story = make_published_story(title="Gone")
    package = make_package(make_published_story(story.programme, title="Stays"), story)
    client.force_login(package.requested_by)

    withdraw(story)

    shown = text(client.get(page("playlist", package.playlist_id)))
    assert "This package is recalled" in shown
    assert "Film 2 in it was withdrawn" in shown
    assert "Gone" not in shown
    refused = client.get(page("download", package.pk))
    assert refused.status_code == 410
    assert "Make the package again" in text(refused)
    assert not storage.private().exists(package.key)


@pytest.mark.django_db(transaction=True)
def test_a_package_of_an_older_playlist_says_so(client):
    story = make_published_story()
    package = make_package(story)
    client.force_login(package.requested_by)
    address = page("playlist", package.playlist_id)
    assert "has changed since" not in text(client.get(address))

    client.post(page("remove", package.playlist_id), {"story": story.pk})

    assert "has changed since" in text(client.get(address))
