"""A coordinator's way through the pages, in a real browser on a desk and on a phone."""

import re

import pytest
from playwright.sync_api import Page, expect

from accounts.roles import Role
from tests.accounts.make import make_device, make_programme, make_user
from tests.browsing import fits, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SIZES = {"desk": (1280, 800), "phone": (360, 740)}


TIMEOUT_MS = 10_000


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_coordinator_enrols_a_phone_and_shuts_one_out(
    server, page: Page, screenshot, size, language
):
    width, height = SIZES[size]
    page.set_default_timeout(TIMEOUT_MS)
    page.set_viewport_size({"width": width, "height": height})
    page.set_extra_http_headers({"Accept-Language": language})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    programme = make_programme(name="Migrants as Messengers · Sénégal", slug="senegal")
    coordinator = make_user(
        role=Role.COORDINATOR, programme=programme, language=language, with_password=True
    )
    collector = make_user(role=Role.COLLECTOR, programme=programme, username="collector-dakar-3")
    make_device(programme=programme, collector=collector, name="Blue Tecno, Dakar")

    page.goto(f"{server.url}/sign-in")
    screenshot(page, f"sign-in-{size}-{language}")
    assert fits(page)

    sign_in(page, server.url, coordinator.username)
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.locator(".nav a[href='/programmes']").click()
    page.wait_for_url("**/programmes/senegal")
    screenshot(page, f"phones-{size}-{language}")
    assert fits(page)

    page.locator("#id_device_name").fill("Red Itel")
    page.locator("main form .button--wide").click()
    expect(page.locator(".code")).to_have_text(re.compile(r"^[2-9A-Z]{5}-[2-9A-Z]{5}$"))
    expect(page.locator(".qr svg")).to_be_visible()
    screenshot(page, f"code-{size}-{language}")
    assert fits(page)

    page.locator("main .button").click()
    page.locator("summary").click()
    screenshot(page, f"revoke-{size}-{language}")
    page.locator(".button--danger").click()
    expect(page.locator(".badge")).to_have_attribute("data-status", "revoked")
    assert fits(page)

    page.goto(f"{server.url}/nowhere")
    screenshot(page, f"error-{size}-{language}")
    assert fits(page)
    assert [text for text in complaints if "404" not in text] == []


def test_the_language_switch_changes_the_page_and_stays(server, page: Page):
    page.goto(f"{server.url}/sign-in")

    page.get_by_role("button", name="FR").click()

    expect(page.locator("html")).to_have_attribute("lang", "fr")
    page.reload()
    expect(page.locator("html")).to_have_attribute("lang", "fr")


def test_the_interactive_documentation_loads_from_here_alone(server, page: Page):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    page.goto(f"{server.url}/api/docs/")

    expect(page.locator(".opblock").first).to_be_visible(timeout=30_000)
    assert [url for url in asked if not url.startswith((server.url, "data:"))] == []
