"""The moderators' pages in a real browser against the real server."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, ViewportSize, expect

from accounts.models import User
from consent.models import Withdrawal
from consent.withdrawal import withdraw
from moderation import cases, claims
from moderation.checklist import ITEMS
from moderation.models import Case
from stories.models import Story
from stories.states import Status
from tests.browsing import sign_in
from tests.moderation.make import CHECKED, make_case, make_clip, make_moderator
from tests.servers import Server
from tests.transcode.make import LINES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAPTOP = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=360, height=740)
# Two polls of the queue.
POLLED_MS = 25_000


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return make_clip(tmp_path_factory.mktemp("clip"))


@pytest.fixture
def case(site: Server, clip: dict[str, Path]) -> Case:
    return make_case(files=clip, title="The road to the coast")


class Desk:
    """A moderator at a browser of their own."""

    def __init__(self, context: BrowserContext, site: Server, user: User) -> None:
        self.page: Page = context.new_page()
        self.trouble: list[str] = []
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.trouble.append(str(error)))
        self.site = site
        self.user = user

    def _note(self, message) -> None:
        if message.type == "error":
            self.trouble.append(message.text)

    def sign_in(self) -> None:
        sign_in(self.page, self.site.url, self.user.username)
        expect(self.page.get_by_role("heading", name="Review", level=1)).to_be_visible()

    def open(self, case: Case) -> None:
        self.page.goto(f"{self.site.url}/moderation/cases/{case.pk}")

    def tick_all(self) -> None:
        for item in ITEMS:
            self.page.get_by_label(str(item.label)).check()

    def upload(self, subtitles: str) -> None:
        file = FilePayload(name="mine.srt", mimeType="text/plain", buffer=subtitles.encode())
        self.page.get_by_label("A person's transcript").set_input_files(file)
        self.page.get_by_role("button", name="Upload", exact=True).click()

    def time_s(self) -> float:
        return float(self.page.locator("#player").evaluate("player => player.currentTime"))


@pytest.fixture
def desk(browser: Browser, site: Server) -> Iterator[Callable[..., Desk]]:
    """`desk(case)` signs a moderator of its programme in; nothing may go wrong on the page."""
    desks = []

    def at(case: Case, *, viewport: ViewportSize = LAPTOP) -> Desk:
        context = browser.new_context(viewport=viewport)
        made = Desk(context, site, make_moderator(case, with_password=True))
        desks.append(made)
        made.sign_in()
        return made

    yield at
    troubles = [trouble for made in desks for trouble in made.trouble]
    for made in desks:
        made.page.context.close()
    assert troubles == []


def test_two_moderators_take_a_story_from_the_queue_to_published(case, desk):
    first, second = desk(case), desk(case)

    first.page.get_by_role("link", name=re.compile("The road to the coast")).click()
    first.page.get_by_role("button", name="Claim").click()
    first.page.get_by_role("button", name="My mother sold her land").click()
    seeked_to_s = first.time_s()
    first.tick_all()
    first.page.get_by_role("button", name="Approve").click()
    expect(first.page.get_by_text("Your approval is recorded")).to_be_visible()
    after_one = Story.objects.get(pk=case.story_id).status
    second.open(case)
    second.page.get_by_role("button", name="Claim").click()
    second.tick_all()
    second.page.get_by_role("button", name="Confirm the approval").click()
    expect(second.page.locator(".badge")).to_have_text("Published")

    assert seeked_to_s == pytest.approx(4.0)
    assert after_one == Status.IN_REVIEW
    assert Story.objects.get(pk=case.story_id).status == Status.PUBLISHED


def test_a_moderator_works_with_the_keyboard_alone(case, desk):
    at = desk(case)
    claims.claim(case, by=at.user)
    at.open(case)

    lines = at.page.locator(".cue")
    lines.first.focus()
    at.page.keyboard.press("ArrowDown")
    at.page.keyboard.press("Enter")
    marked = at.page.locator(".cue[aria-current]")
    expect(marked).to_contain_text("I thought that I would be back")
    for item in ITEMS:
        at.page.get_by_label(str(item.label)).focus()
        at.page.keyboard.press("Space")
    at.page.get_by_role("button", name="Approve").focus()
    at.page.keyboard.press("Enter")
    expect(at.page.get_by_text("Your approval is recorded")).to_be_visible()

    assert case.decisions.get().by == at.user


def test_the_line_that_is_spoken_is_marked_while_it_plays(case, desk):
    at = desk(case)
    at.open(case)

    at.page.locator("#player").evaluate("player => { player.muted = true; return player.play(); }")

    marked = at.page.locator(".cue[aria-current]")
    for line in LINES[:2]:
        expect(marked).to_contain_text(line.split("\n")[0], timeout=10_000)


def test_nothing_plays_or_loads_until_it_is_asked_for(case, desk):
    at = desk(case)
    loaded: list[str] = []
    at.page.on("request", lambda sent: loaded.append(sent.resource_type))

    at.open(case)
    at.page.wait_for_load_state("networkidle")

    player = at.page.locator("#player")
    assert "media" not in loaded
    assert player.evaluate("player => [player.paused, player.autoplay, player.preload]") == [
        True,
        False,
        "none",
    ]


def test_the_sound_and_the_picture_stay_off_for_who_turned_them_off(case, desk):
    at = desk(case)
    at.open(case)

    at.page.get_by_role("button", name="Without sound").click()
    at.page.get_by_role("button", name="Hide the picture").click()
    at.page.reload()

    pressed = at.page.get_by_role("button", name="Without sound")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    expect(at.page.locator(".film")).to_have_class(re.compile("film--veiled"))
    assert at.page.locator("#player").evaluate("player => player.muted")


def test_the_queue_shows_a_new_story_by_itself(case, clip, desk):
    at = desk(case)

    make_case(case.story.device, files=clip, title="A story that came later")

    expect(at.page.get_by_text("A story that came later")).to_be_visible(timeout=POLLED_MS)


def test_a_conflict_is_read_out_on_the_page(case, desk):
    at = desk(case)
    at.open(case)
    other = make_moderator(case, username="mariama")
    claims.claim(case, by=other)

    # The answer is a 409, which the browser notes as an error of the page.
    at.page.get_by_role("button", name="Claim").click()
    expect(at.page.get_by_role("alert")).to_contain_text("mariama")

    assert all("409" in trouble for trouble in at.trouble)
    at.trouble.clear()


def test_a_reason_is_asked_for_before_a_story_is_sent_back(case, desk):
    at = desk(case)
    claims.claim(case, by=at.user)
    at.open(case)
    at.page.get_by_text("Not yet: send it back").click()

    at.page.get_by_role("button", name="Ask for changes").click()
    still_open = Case.objects.get(pk=case.pk).is_open
    at.page.get_by_label("Reason").fill("A phone number is heard at 0:04.")
    at.page.get_by_role("button", name="Ask for changes").click()
    expect(at.page.locator(".badge")).to_have_text("Changes asked for")

    assert still_open
    assert case.decisions.get().reason == "A phone number is heard at 0:04."


def test_a_moderator_uploads_a_persons_transcript(case, desk):
    at = desk(case)
    cases.approve(
        claims.claim(case, by=(first := make_moderator(case))), by=first, checklist=CHECKED
    )
    claims.claim(case, by=at.user)
    at.open(case)

    at.page.get_by_text("Upload a better one").click()
    at.upload("1\n00:00:00,000 --> soon\nI left in the dry season.\n")
    expect(at.page.get_by_role("alert")).to_contain_text("Row 2 of the file")
    expect(at.page.get_by_role("alert")).to_contain_text("bad_timing")
    at.upload("1\n00:00:00,000 --> 00:00:02,000\nI left in the dry season.\n")

    told = at.page.get_by_role("status")
    expect(told).to_contain_text("in place as version 2")
    expect(told).to_contain_text(first.display_name)
    expect(at.page.locator(".cue")).to_have_text(["0:00I left in the dry season."])
    expect(at.page.get_by_text("You are at this case.")).to_be_visible()
    with at.page.expect_download() as download:
        at.page.get_by_role("link", name=".srt").click()
    assert "I left in the dry season." in download.value.path().read_text()
    assert all("400" in trouble for trouble in at.trouble)
    at.trouble.clear()


def test_playing_ends_when_the_storyteller_withdraws(case, desk):
    at = desk(case)
    at.open(case)
    source = at.page.locator("#player").get_attribute("src")
    before = at.page.request.get(f"{at.site.url}{source}")

    withdraw(case.story.consent.storyteller, by=None, channel=Withdrawal.Channel.SLIP)
    after = at.page.request.get(f"{at.site.url}{source}")
    at.page.reload()

    expect(at.page.get_by_role("heading", level=1)).to_contain_text("withdrew")
    assert (before.status, after.status) == (200, 404)
    assert at.page.locator("video, audio").count() == 0


def test_nothing_is_wider_than_a_phone(case, desk):
    at = desk(case, viewport=PHONE)
    cases.approve(
        claims.claim(case, by=(first := make_moderator(case))), by=first, checklist=CHECKED
    )
    claims.claim(case, by=at.user)
    width = "document.documentElement.scrollWidth"

    widths = [at.page.evaluate(width)]
    at.open(case)
    widths.append(at.page.evaluate(width))
    player = at.page.locator("#player").bounding_box()
    transcript = at.page.locator("#cues").bounding_box()

    assert widths == [PHONE["width"]] * 2
    assert transcript["y"] > player["y"] + player["height"]
