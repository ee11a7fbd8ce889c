"""The screenings API: what organizers get, and what nobody else does."""

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.roles import Role
from audit.models import Entry
from consent.uses import Use
from screenings.models import Package, Playlist
from stories.states import Status
from tests.accounts.make import (
    make_device,
    make_phone,
    make_programme,
    make_user,
    phone_client,
    staff_client,
)
from tests.consent.make import granted, make_consent
from tests.screenings.make import (
    build,
    make_organizer,
    make_playlist,
    make_published_story,
)
from tests.stories.make import make_story
from tests.transcode.make import make_rendition
from transcode.models import Rendition

pytestmark = pytest.mark.django_db


def api_of(programme, *, role=Role.ORGANIZER):
    return staff_client(make_organizer(programme, role=role))


def ids(response):
    return [row["id"] for row in response.data["results"]]


def test_the_catalogue_shows_what_is_published_and_permitted_and_nothing_else():
    shown = make_published_story(title="Shown", language="wo", duration_s=90.5)
    programme = shown.programme
    make_story(make_device(programme=programme), status=Status.APPROVED)
    make_story(make_device(programme=programme), status=Status.IN_REVIEW)
    make_published_story()

    answer = api_of(programme).get(reverse("catalogue"))

    row = answer.data["results"][0]
    assert ids(answer) == [str(shown.pk)]
    assert (row["title"], row["language"], row["duration_s"]) == ("Shown", "wo", 90.5)
    assert row["programme"] == programme.slug
    assert row["has_subtitles"] is True


def test_the_catalogue_signs_addresses_for_poster_and_preview():
    story = make_published_story()
    made = story.rendition_sets.get()
    make_rendition(made, Rendition.Profile.POSTER, b"jpeg")

    row = api_of(story.programme).get(reverse("catalogue")).data["results"][0]

    assert row["preview_url"].startswith("/media/")
    assert row["poster_url"].startswith("/media/")
    assert row["preview_url"] != row["poster_url"]


def test_the_catalogue_asks_as_much_for_thirty_as_for_one(
    django_assert_num_queries, django_assert_max_num_queries
):
    first = make_published_story()
    client = api_of(first.programme)
    client.get(reverse("catalogue"))

    with django_assert_max_num_queries(5) as one:
        client.get(reverse("catalogue"))
    for _more in range(29):
        make_published_story(first.programme)
    with django_assert_num_queries(len(one)):
        answer = client.get(reverse("catalogue"))

    assert len(answer.data["results"]) == 30


def test_the_catalogue_is_narrowed_by_language_length_and_place():
    device = make_device()
    grants = granted(Use.COMMUNITY_SCREENING, excluded_places=["Touba"])
    consent = make_consent(device, grants=grants)
    wolof = make_published_story(consent=consent, language="wo", duration_s=100)
    long = make_published_story(device.programme, language="fr", duration_s=600)
    client = api_of(device.programme)

    def found(**query):
        return set(ids(client.get(reverse("catalogue"), query)))

    assert found() == {str(wolof.pk), str(long.pk)}
    assert found(language="wo") == {str(wolof.pk)}
    assert found(max_duration_s=100) == {str(wolof.pk)}
    assert found(place="touba") == {str(long.pk)}
    assert found(language="sus") == set()


@pytest.mark.parametrize("query", [{"language": "klingon"}, {"max_duration_s": 0}])
def test_a_question_that_makes_no_sense_is_told_so(query):
    answer = api_of(make_programme()).get(reverse("catalogue"), query)

    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid"


def test_pages_follow_each_other_without_gaps():
    first = make_published_story()
    others = [make_published_story(first.programme) for _ in range(4)]
    client = api_of(first.programme)

    seen, url = [], reverse("catalogue") + "?page_size=2"
    while url:
        answer = client.get(url)
        seen += ids(answer)
        url = answer.data["next"]

    assert sorted(seen) == sorted(str(story.pk) for story in [first, *others])


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.MODERATOR, Role.SENIOR_MODERATOR])
def test_other_roles_are_refused_everywhere(role):
    playlist = make_playlist(make_published_story())
    client = staff_client(make_user(role=role, programme=playlist.programme))

    answers = [
        client.get(reverse("catalogue")),
        client.get(reverse("playlists")),
        client.post(reverse("playlists"), {"name": "X", "programme": playlist.programme.slug}),
        client.get(reverse("playlist", args=[playlist.pk])),
        client.put(reverse("playlist-items", args=[playlist.pk]), {"stories": []}),
        client.post(reverse("playlist-packages", args=[playlist.pk])),
    ]

    assert {answer.status_code for answer in answers} == {403}


def test_a_playlist_asks_as_much_for_thirty_films_as_for_one(django_assert_num_queries):
    first = make_published_story()
    one = make_playlist(first)
    stories = [first, *(make_published_story(first.programme) for _ in range(29))]
    thirty = make_playlist(*stories)
    client = staff_client(one.created_by)
    other = staff_client(thirty.created_by)

    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("playlist", args=[one.pk]))
    with django_assert_num_queries(len(asked)):
        shown = other.get(reverse("playlist", args=[thirty.pk]))

    assert len(shown.data["items"]) == 30
    assert sum("story" in query["sql"] and "published" in query["sql"] for query in asked) == 1


def test_a_phone_gets_nothing_even_when_its_collector_organizes_too():
    programme = make_programme()
    person = make_user(Role.COLLECTOR, Role.ORGANIZER, programme=programme)
    _device, token = make_phone(programme=programme, collector=person)

    assert phone_client(token).get(reverse("catalogue")).status_code == 403


def test_another_programmes_playlists_and_packages_are_not_found():
    playlist = make_playlist(make_published_story())
    package = Package.objects.create(playlist=playlist, requested_by=playlist.created_by)
    client = api_of(make_programme())

    answers = [
        client.get(reverse("playlist", args=[playlist.pk])),
        client.patch(reverse("playlist", args=[playlist.pk]), {"name": "Mine"}),
        client.put(reverse("playlist-items", args=[playlist.pk]), {"stories": []}),
        client.post(reverse("playlist-packages", args=[playlist.pk])),
        client.get(reverse("package", args=[package.pk])),
        client.post(reverse("playlists"), {"name": "X", "programme": playlist.programme.slug}),
    ]

    assert {answer.status_code for answer in answers} == {404}
    assert ids(client.get(reverse("playlists"))) == []
    playlist.refresh_from_db()
    assert playlist.name == "An evening"
    assert playlist.items.count() == 1


def test_a_playlist_is_made_filled_renamed_and_read():
    story = make_published_story(title="The sea", duration_s=60)
    other = make_published_story(story.programme, title="The road", duration_s=30)
    client = api_of(story.programme)

    made = client.post(
        reverse("playlists"),
        {"programme": story.programme.slug, "name": "Thiès", "place": "Thiès", "language": "fr"},
    )
    address = reverse("playlist", args=[made.data["id"]])
    filled = client.put(address + "/items", {"stories": [str(other.pk), str(story.pk)]})
    renamed = client.patch(address, {"name": "Thiès, mairie"})

    assert made.status_code == 201
    assert [item["title"] for item in filled.data["items"]] == ["The road", "The sea"]
    assert filled.data["duration_s"] == 90
    assert (renamed.data["name"], renamed.data["place"]) == ("Thiès, mairie", "Thiès")
    assert client.get(address).data == renamed.data
    assert ids(client.get(reverse("playlists"))) == [made.data["id"]]


def test_a_list_of_playlists_asks_as_much_for_thirty_as_for_one(
    django_assert_num_queries, django_assert_max_num_queries
):
    playlist = make_playlist(make_published_story())
    client = staff_client(playlist.created_by)
    with django_assert_max_num_queries(5) as one:
        client.get(reverse("playlists"))

    for _more in range(29):
        make_playlist(programme=playlist.programme, by=playlist.created_by)

    with django_assert_num_queries(len(one)):
        assert len(client.get(reverse("playlists")).data["results"]) == 30


def test_foreign_unknown_and_unshowable_stories_are_refused_by_name():
    story, foreign = make_published_story(), make_published_story()
    draft = make_story(make_device(programme=story.programme), status=Status.IN_REVIEW)
    playlist = make_playlist(story)
    client, address = staff_client(playlist.created_by), f"/api/v1/playlists/{playlist.pk}/items"

    other = client.put(address, {"stories": [str(foreign.pk)]})
    unknown = client.put(address, {"stories": [str(uuid.uuid4())]})
    refused = client.put(address, {"stories": [str(draft.pk)]})

    assert (other.status_code, unknown.status_code) == (404, 404)
    assert refused.status_code == 409
    assert refused.json()["code"] == "not_screenable"
    assert refused.json()["stories"] == [str(draft.pk)]
    assert playlist.items.get().story == story


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 121},
        {"language": "xx-nope"},
        {"place": "x" * 121},
        {"place": "Thiès\x00"},
    ],
)
def test_wrong_facts_of_a_playlist_are_refused(body):
    playlist = make_playlist(make_published_story())

    answer = staff_client(playlist.created_by).patch(reverse("playlist", args=[playlist.pk]), body)

    assert answer.status_code == 400
    assert Playlist.objects.get().name == "An evening"


def test_a_package_of_an_empty_playlist_is_refused():
    programme = make_programme()
    playlist = make_playlist(programme=programme)

    answer = staff_client(playlist.created_by).post(
        reverse("playlist-packages", args=[playlist.pk])
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "playlist_empty")


def test_a_package_for_no_place_is_refused():
    playlist = make_playlist(make_published_story(), place="")

    answer = staff_client(playlist.created_by).post(
        reverse("playlist-packages", args=[playlist.pk])
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "place_missing")
    assert not Package.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_package_is_asked_for_watched_and_handed_out():
    story = make_published_story()
    playlist = make_playlist(story)
    client = staff_client(playlist.created_by)

    asked = client.post(reverse("playlist-packages", args=[playlist.pk]))
    build(Package.objects.get(pk=asked.data["id"]))
    made = client.get(reverse("package", args=[asked.data["id"]]))

    assert asked.status_code == 202
    assert (asked.data["state"], asked.data["progress"]) == ("waiting", 0.0)
    assert asked.data["download_url"] is None
    assert (made.data["state"], made.data["progress"]) == ("made", 1.0)
    assert made.data["is_current"] is True
    assert made.data["download_url"].startswith("/media/")
    assert made.data["manifest"]["items"][0]["story"] == str(story.pk)
    assert Entry.objects.filter(action="package.downloaded").count() == 1
    assert "key" not in made.data
