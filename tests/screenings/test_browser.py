"""An organizer's way to a stick, in a real browser on a desk and on a phone."""

import itertools

import pytest
from playwright.sync_api import Page, expect

from screenings.models import Package
from tests.accounts.make import make_programme
from tests.browsing import fits, sign_in
from tests.screenings.make import build, make_organizer, make_published_story, withdraw
from tests.servers import wait_until
from tests.transcode import clips

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SIZES = {"desk": (1280, 800), "phone": (360, 740)}
FILMS = [
    ("The well at Ndiébène", "wo", 412),
    ("What I told my mother", "fr", 655),
    ("Back with empty hands, and then the hens", "ff", 538),
    ("The lorry, the desert, the second lorry", "wo", 701),
    ("Un atelier de couture à Thiès", "fr", 380),
    ("I drive a taxi now", "en", 295),
]


@pytest.fixture
def posters(tmp_path):
    """Pictures of some sizes, portrait too."""
    made = []
    for hue, size in zip((20, 80, 150, 200, 260, 320), itertools.cycle(("640x360", "360x640"))):
        path = tmp_path / f"{hue}.jpg"
        look = ("-vf", f"hue=h={hue}:s=0.6,boxblur=8", "-frames:v", "1")
        clips.ffmpeg(*clips.picture(size, seconds=1), *look, path)
        made.append(path)
    return made


@pytest.fixture
def programme(tmp_path, posters):
    film = clips.film(tmp_path / "film.mp4", size="640x360", seconds=1)
    home = make_programme(name="Migrants as Messengers · Sénégal", slug="senegal")
    for (title, language, duration_s), poster in zip(FILMS, posters, strict=True):
        make_published_story(
            home, title=title, language=language, duration_s=duration_s, film=film, poster=poster
        )
    return home


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser's console says: a refused script or style is said there."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    return said


@pytest.fixture
def picture(page: Page, screenshot):
    """A screenshot once the posters are there."""

    def take(name: str) -> None:
        page.wait_for_load_state("networkidle")
        screenshot(page, name)

    return take


@pytest.mark.parametrize("size", SIZES)
def test_an_organizer_makes_a_playlist_and_takes_its_package(
    site, page: Page, picture, programme, complaints, size
):
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    organizer = make_organizer(programme, with_password=True)

    sign_in(page, site.url, organizer.username)
    expect(page.locator(".film")).to_have_count(len(FILMS))
    picture(f"catalogue-empty-{size}")
    assert fits(page)

    page.get_by_role("link", name="Make a playlist").click()
    page.locator("#id_name").fill("Thiès, place de France, 12 March")
    page.locator("#id_place").fill("Thiès")
    picture(f"playlists-{size}")
    page.get_by_role("button", name="Make it and choose films").click()
    for title in (FILMS[0][0], FILMS[1][0], FILMS[3][0]):
        page.get_by_role("button", name=f"Add “{title}” to the playlist").click()
        expect(page.locator(".film__held")).not_to_have_count(0)
    expect(page.locator(".film__held")).to_have_count(3)
    expect(page.locator(".evening__sum strong")).to_have_text("29:28")
    picture(f"catalogue-{size}")
    assert fits(page)

    page.get_by_role("link", name="Open the playlist").click()
    page.get_by_role("button", name="Move film 3 up").click()
    expect(page.locator(".order__title").nth(1)).to_have_text(FILMS[3][0])
    picture(f"playlist-{size}")
    assert fits(page)

    page.get_by_role("button", name="Make the package").click()
    expect(page.locator("progress")).to_be_visible()
    picture(f"package-waiting-{size}")
    package = build(Package.objects.get())
    expect(page.locator(".package__sum")).to_have_text(package.sha256)
    picture(f"package-made-{size}")
    assert fits(page)

    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert download.value.path().stat().st_size == package.size_bytes
    assert download.value.suggested_filename.startswith("thies-place-de-france-12-march_")

    story = package.items.all()[0].story
    withdraw(story)
    page.reload()
    expect(page.get_by_text("This package is recalled")).to_be_visible()
    expect(page.get_by_text(FILMS[0][0])).to_have_count(0)
    picture(f"package-recalled-{size}")
    assert fits(page)
    assert complaints == []


def test_a_preview_plays_in_the_catalogue(site, page: Page, programme, complaints):
    organizer = make_organizer(programme, with_password=True)
    sign_in(page, site.url, organizer.username)
    video = page.locator("video").first

    page.get_by_role("button", name=f"Play “{FILMS[-1][0]}”").click()

    wait_until(lambda: video.evaluate("video => video.currentTime") > 0.2, what="the film to play")
    assert video.evaluate("video => video.videoWidth") == 640
    assert complaints == []


@pytest.mark.parametrize("browser_context_args", [{"java_script_enabled": False}], indirect=True)
def test_it_works_without_a_script_too(site, page: Page, programme):
    organizer = make_organizer(programme, with_password=True)
    sign_in(page, site.url, organizer.username)
    page.get_by_role("link", name="Make a playlist").click()
    page.locator("#id_name").fill("Mbour")
    page.get_by_role("button", name="Make it and choose films").click()
    page.get_by_role("button", name="Add “I drive a taxi now” to the playlist").click()
    page.get_by_role("link", name="Open the playlist").click()
    page.get_by_label("Where will it be shown?").fill("Mbour")
    page.get_by_role("button", name="Make the package").click()
    expect(page.locator("progress")).to_be_visible()

    package = build(Package.objects.get())

    # Playwright leaves <noscript> out, and with it the page's own renewal.
    page.reload()
    expect(page.locator(".package__sum")).to_have_text(package.sha256)


@pytest.fixture
def browser_context_args(browser_context_args, request):
    return {**browser_context_args, **getattr(request, "param", {})}
