"""Downloading: who may, until when, and what is asked each time."""

import io
import zipfile
from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from accounts.models import Membership
from accounts.roles import Role
from audit.models import Entry
from common import media, storage
from common.errors import Forbidden, NotFound
from consent.uses import Use
from screenings import packages
from tests.accounts.make import make_device, make_programme, make_user
from tests.consent.make import granted, make_consent
from tests.screenings.make import (
    CUES,
    make_organizer,
    make_package,
    make_published_story,
    publish,
    request_package,
    withdraw,
)
from tests.transcode.make import make_revision, make_set
from transcode.cues import Cue

pytestmark = pytest.mark.django_db(transaction=True)


def claim(package, viewer, *, at=None):
    return media.Claim(
        kind="package",
        pk=str(package.pk),
        use="download",
        viewer=viewer.audit_name,
        at=at or timezone.now(),
    )


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.COORDINATOR])
def test_organizers_and_coordinators_of_the_programme_may(role):
    story = make_published_story()
    package = make_package(story, name="Ville de Thiès")
    person = make_organizer(story.programme, role=role)

    servable = packages.authorise_download(claim(package, person))

    assert servable.key == package.key
    assert servable.etag == package.sha256
    assert servable.attachment
    assert servable.filename.startswith("ville-de-thies_")


@pytest.mark.parametrize("role", [Role.COLLECTOR, Role.MODERATOR, Role.SENIOR_MODERATOR])
def test_other_roles_of_the_programme_may_not(role):
    package = make_package(make_published_story())
    person = make_user(role=role, programme=package.playlist.programme)

    with pytest.raises(NotFound):
        packages.authorise_download(claim(package, person))


def test_an_organizer_of_another_programme_finds_nothing():
    package = make_package(make_published_story())

    with pytest.raises(NotFound):
        packages.authorise_download(claim(package, make_organizer(make_programme())))


def test_who_lost_the_role_or_the_account_may_not_any_more():
    package = make_package(make_published_story())
    person = package.requested_by
    asked = claim(package, person)

    Membership.objects.filter(user=person).delete()
    with pytest.raises(NotFound):
        packages.authorise_download(asked)
    person.is_active = False
    person.save(update_fields=["is_active"])
    with pytest.raises(Forbidden):
        packages.authorise_download(asked)


def test_a_package_that_is_not_made_yet_says_so():
    package = request_package(make_published_story())

    with pytest.raises(packages.PackageNotMade):
        packages.authorise_download(claim(package, package.requested_by))


def test_a_withdrawal_ends_the_download():
    story = make_published_story()
    package = make_package(story, make_published_story(story.programme))

    withdraw(story)

    with pytest.raises(packages.PackageOutdated) as refused:
        packages.authorise_download(claim(package, package.requested_by))
    assert (refused.value.status, refused.value.code) == (410, "package_outdated")


def test_consent_that_has_run_out_ends_the_download():
    device, soon = make_device(), timezone.now() + timedelta(hours=1)
    grants = granted(Use.COMMUNITY_SCREENING, expires_at=soon)
    package = make_package(make_published_story(consent=make_consent(device, grants=grants)))

    packages.authorise_download(claim(package, package.requested_by))
    with pytest.raises(packages.PackageOutdated):
        packages.authorise_download(claim(package, package.requested_by, at=soon))


def test_an_edited_story_ends_the_download_even_once_it_is_published_again():
    story = make_published_story()
    package = make_package(story)

    revision = make_revision(story, [*CUES, Cue(2, 3, "More.")])
    with pytest.raises(packages.PackageOutdated):
        packages.authorise_download(claim(package, package.requested_by))
    story.refresh_from_db()
    publish(story, make_set(story), revision)

    assert not packages.is_current(package, at=timezone.now())
    with pytest.raises(packages.PackageOutdated):
        packages.authorise_download(claim(package, package.requested_by))


def test_an_address_of_nothing_leads_nowhere():
    person = make_organizer(make_programme())
    for pk in ("not-an-id", "00000000-0000-4000-8000-000000000000"):
        with pytest.raises(NotFound):
            packages.authorise_download(
                media.Claim("package", pk, "download", person.audit_name, timezone.now())
            )


def test_handing_it_out_is_recorded_once_however_many_requests_follow():
    package = make_package(make_published_story())
    person = make_organizer(package.playlist.programme)

    packages.hand_out(package, by=person)
    for _request in range(3):
        packages.authorise_download(claim(package, person))

    entry = Entry.objects.get(action="package.downloaded")
    assert (entry.subject, entry.actor) == (package.audit_subject, person.audit_name)


@pytest.mark.slow
def test_a_download_that_was_cut_goes_on_where_it_was(site):
    story = make_published_story()
    package = make_package(story)
    url = site.url + packages.hand_out(package, by=package.requested_by)
    half = (package.size_bytes or 0) // 2

    first = httpx.get(url, headers={"Range": f"bytes=0-{half - 1}"})
    etag = first.headers["etag"]
    rest = httpx.get(url, headers={"Range": f"bytes={half}-", "If-Range": etag})

    assert (first.status_code, rest.status_code) == (206, 206)
    whole = zipfile.ZipFile(io.BytesIO(first.content + rest.content))
    assert whole.testzip() is None
    assert rest.headers["content-disposition"].startswith("attachment")
    with storage.local(storage.private(), package.key) as path:
        assert first.content + rest.content == path.read_bytes()


@pytest.mark.slow
def test_a_withdrawal_in_the_middle_ends_a_download_with_a_410(site):
    story = make_published_story()
    package = make_package(story)
    url = site.url + packages.hand_out(package, by=package.requested_by)
    assert httpx.get(url, headers={"Range": "bytes=0-99"}).status_code == 206

    withdraw(story)

    rest = httpx.get(url, headers={"Range": "bytes=100-"})
    assert rest.status_code == 410
    assert rest.headers["content-type"] == "application/problem+json"
    assert rest.json()["code"] == "package_outdated"
