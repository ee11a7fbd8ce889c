"""What a withdrawal or a killed worker leaves of a package: nothing."""

import pytest

from audit.models import Entry
from common import storage
from screenings import packages
from screenings.models import Package
from tests.screenings.make import (
    build,
    make_package,
    make_published_story,
    request_package,
    stored_bytes,
    withdraw,
)
from transcode import jobs
from transcode.models import Job

# The lease looks at the job's row over a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)


def two_stories():
    first = make_published_story(title="The well")
    return first, make_published_story(first.programme, title="The road")


def test_a_story_withdrawn_while_it_is_copied_is_not_in_the_package(monkeypatch):
    stays, goes = two_stories()
    package = request_package(stays, goes)
    put = storage.put

    def put_after_a_withdrawal(path, key):
        withdraw(goes)
        put(path, key)

    monkeypatch.setattr(storage, "put", put_after_a_withdrawal)
    build(package)

    assert package.state == Package.State.MADE
    assert package.left_out == [str(goes.pk)]
    assert Job.objects.get(subject=package.pk).attempts == 1
    assert str(goes.pk).encode() not in stored_bytes()


def test_a_withdrawn_story_takes_the_bytes_of_its_packages_along():
    stays, goes = two_stories()
    package = make_package(stays, goes)

    withdraw(goes)

    package.refresh_from_db()
    assert (package.state, package.key) == (Package.State.RECALLED, "")
    assert package.manifest["items"][1] == {"story": str(goes.pk), "recalled": True}
    assert package.manifest["items"][0]["title"] == stays.title
    assert stored_bytes() == b""


def test_a_second_withdrawal_takes_its_title_out_of_a_package_that_is_recalled_already():
    first, second = two_stories()
    package = make_package(first, second)

    withdraw(first)
    withdraw(second)

    package.refresh_from_db()
    assert package.manifest["items"] == [
        {"story": str(story.pk), "recalled": True} for story in (first, second)
    ]
    recalls = Entry.objects.of(package.audit_subject).filter(action="package.recalled")
    assert recalls.count() == 1


def test_the_sweep_erases_what_a_crash_after_a_withdrawal_left(monkeypatch):
    story = make_published_story()
    package = make_package(story)
    monkeypatch.setattr(packages, "erase_leftovers", lambda: None)
    withdraw(story)
    monkeypatch.undo()
    assert stored_bytes()

    jobs.sweep()

    package.refresh_from_db()
    assert (package.state, package.key) == (Package.State.RECALLED, "")
    assert stored_bytes() == b""


def test_a_withdrawal_leaves_other_packages_alone():
    stays, goes = two_stories()
    package = make_package(stays)

    withdraw(goes)

    package.refresh_from_db()
    assert package.state == Package.State.MADE
    assert storage.private().exists(package.key)


def test_a_worker_that_lost_its_lease_leaves_no_bytes(monkeypatch):
    package = request_package(make_published_story())
    put = storage.put

    def put_after_it_was_taken_back(path, key):
        put(path, key)
        Job.objects.filter(subject=package.pk).update(fence=99)

    monkeypatch.setattr(storage, "put", put_after_it_was_taken_back)
    build(package)

    assert package.state == Package.State.WAITING
    assert stored_bytes() == b""


def test_a_second_attempt_erases_what_a_killed_worker_left():
    package = request_package(make_published_story())
    left = storage.new_key("packages", ".zip")
    with storage.scratch() as folder:
        (folder / "half").write_bytes(b"half a package")
        storage.put(folder / "half", left)
    Package.objects.filter(pk=package.pk).update(draft_key=left)

    build(package)

    assert package.state == Package.State.MADE
    assert package.draft_key == ""
    assert not storage.private().exists(left)
