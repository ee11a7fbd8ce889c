"""A person's words, brought from the case page in the place of the machine's."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from accounts.roles import Role
from audit.models import Entry
from consent.models import Withdrawal
from consent.uses import Use
from consent.withdrawal import withdraw
from moderation import cases, claims, transcripts
from moderation.models import Case
from tests.accounts.make import make_device, make_user
from tests.consent.make import granted, make_consent
from tests.moderation.make import (
    CHECKED,
    make_case,
    make_moderator,
    refused,
    signed_in,
)
from tests.transcode.make import CUES, LINES
from transcode.models import Revision, Transcript
from transcode.subtitles import write_srt, write_vtt

pytestmark = pytest.mark.django_db

SRT = """1
00:00:00,000 --> 00:00:02,000
I left in the dry season.
"""
VTT = "WEBVTT\n\n00:00.000 --> 00:02.000\nI left in the dry season.\n"


def subtitles(text: str = SRT, *, name: str = "mine.srt") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, text.encode())


def upload(case: Case, user: User, file: SimpleUploadedFile | None = None, based_on: str = "1"):
    url = f"/moderation/cases/{case.pk}/transcript"
    return signed_in(user).post(
        url, {"file": file or subtitles(), "based_on": based_on}, follow=True
    )


def needing_a_person() -> Case:
    """A case whose story the machine could not write down."""
    case = make_case()
    Revision.objects.all().delete()
    Transcript.objects.update(
        outcome=Transcript.Outcome.NEEDS_PERSON, note="This language is not known to the machine."
    )
    return case


@pytest.mark.parametrize(("name", "text"), [("mine.srt", SRT), ("mine.VTT", VTT)])
def test_who_has_the_case_puts_a_persons_words_in_place(name, text):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    page = upload(case, moderator, subtitles(text, name=name)).content.decode()

    newest = case.story.transcripts.get().latest
    assert (newest.number, newest.by) == (2, moderator)
    assert "in place as version 2" in page
    assert "I left in the dry season." in page
    assert "version 2, by a person" in page
    assert Entry.objects.filter(action="transcript.revised").count() == 1


def test_a_first_approval_is_void_and_the_page_tells_whose():
    case = make_case(first=(first := make_moderator(make_case(), username="mariama")))
    second = make_moderator(case)
    claims.claim(case, by=second)

    answer = upload(case, second)

    successor = case.story.cases.open().get()
    page = answer.content.decode()
    assert successor != case
    assert successor.claimed_by == second
    assert answer.redirect_chain[-1][0] == f"/moderation/cases/{successor.pk}"
    assert f"The first approval ({first.display_name}, " in page
    assert "is void" in page


def test_who_has_not_claimed_the_case_changes_nothing():
    case = make_case()
    moderator = make_moderator(case)

    problem = refused(
        lambda: transcripts.replace(case, subtitles(), by=moderator, based_on=1),
    )
    page = signed_in(moderator).get(f"/moderation/cases/{case.pk}").content.decode()

    assert problem.code == "case_not_claimed"
    assert 'name="based_on"' not in page
    assert case.story.transcripts.get().latest.number == 1


@pytest.mark.parametrize("role", [Role.COORDINATOR, Role.COLLECTOR, Role.ORGANIZER])
def test_others_do_not_upload(role):
    case = make_case()
    person = make_user(role=role, programme=case.story.programme)

    assert upload(case, person).status_code == 403


def test_a_moderator_of_another_programme_finds_no_case():
    case = make_case()

    answers = [
        upload(case, make_user(role=Role.MODERATOR)),
        signed_in(make_user(role=Role.MODERATOR)).get(
            f"/moderation/cases/{case.pk}/transcript.srt"
        ),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("1\n00:00:00,000 --> soon\nWords.\n", "Row 2 of the file", "bad_timing"),
        (f"1\n00:00:00,000 --> 00:00:02,000\n{'x' * 43}\n", "Subtitle 1", "line_too_long"),
        ("1\n00:00:00,000 --> 00:09:00,000\nWords.\n", "Subtitle 1", "after_the_end"),
    ],
)
def test_a_file_that_can_not_be_shown_is_refused_with_line_and_code(text, line, why):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    answer = upload(case, moderator, subtitles(text))

    page = answer.content.decode()
    assert answer.status_code == 400
    assert 'role="alert"' in page
    assert line in page
    assert f">{why}<" in page
    assert case.story.transcripts.get().latest.number == 1


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (None, "transcript_file_missing"),
        (subtitles(name="words.docx"), "transcript_form_unknown"),
        (subtitles("Words", name="words.vtt"), "subtitles_unreadable"),
    ],
)
def test_what_is_no_file_of_subtitles_is_refused(file, code):
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    problem = refused(lambda: transcripts.replace(case, file, by=moderator, based_on=1))

    assert problem.code == code


def test_who_worked_on_an_older_version_is_told():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)
    upload(case, moderator)

    answer = upload(case, moderator, subtitles(VTT, name="late.vtt"), based_on="1")

    assert answer.status_code == 409
    assert "changed meanwhile" in answer.content.decode()
    assert case.story.transcripts.get().latest.number == 2


def test_a_story_that_needs_a_person_invites_one():
    case = needing_a_person()
    moderator = make_moderator(case)
    client = signed_in(moderator)
    url = f"/moderation/cases/{case.pk}"

    before = client.get(url).content.decode()
    claims.claim(case, by=moderator)
    after = client.get(url).content.decode()
    done = upload(case, moderator, based_on="").content.decode()

    assert "Claim the case to upload subtitles, or approve without." in before
    assert "Upload subtitles, or approve without." in after
    assert "in place as version 1" in done
    assert "This language is not known to the machine." not in done


def test_a_story_that_needs_a_person_may_be_approved_without_words():
    case = needing_a_person()
    moderator = make_moderator(case)

    cases.approve(claims.claim(case, by=moderator), by=moderator, checklist=CHECKED)

    assert case.decisions.get().verdict == "approve"


def test_nobody_uploads_words_that_may_not_be_written_down():
    device = make_device()
    consent = make_consent(device, grants=granted(Use.COMMUNITY_SCREENING))
    case = make_case(device, consent=consent)
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)

    page = signed_in(moderator).get(f"/moderation/cases/{case.pk}").content.decode()
    answer = upload(case, moderator)

    assert 'name="based_on"' not in page
    assert answer.status_code == 409


def test_the_words_are_there_as_files_too():
    case = make_case()
    client = signed_in(make_moderator(case))
    url = f"/moderation/cases/{case.pk}"

    page = client.get(url).content.decode()
    srt, vtt = (client.get(f"{url}/transcript.{form}") for form in ("srt", "vtt"))

    assert f'href="{url}/transcript.srt"' in page
    assert (srt.content, vtt.content) == (write_srt(CUES), write_vtt(CUES))
    assert client.get(f"{url}/transcript.exe").status_code == 404


def test_a_withdrawn_story_takes_no_words_and_gives_none():
    case = make_case()
    moderator = make_moderator(case)
    claims.claim(case, by=moderator)
    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)

    answer = upload(case, moderator)

    assert answer.status_code == 409
    assert not any(line in answer.content.decode() for line in LINES)
    assert (
        signed_in(moderator).get(f"/moderation/cases/{case.pk}/transcript.srt").status_code == 404
    )


@pytest.mark.parametrize("detected", ["fr", "fr-SN", "wo"])
def test_what_to_check_about_the_language_is_said_once_and_by_the_machines_note(detected):
    case = make_case()
    note = "The machine is sure that it heard another language. Check it."
    Transcript.objects.update(detected_language=detected, note=note)

    page = signed_in(make_moderator(case)).get(f"/moderation/cases/{case.pk}").content.decode()

    assert page.count("another language") == 1
