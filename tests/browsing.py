"""What the browser's tests do on any page."""

from playwright.sync_api import Page

from tests.accounts.make import PASSWORD


def sign_in(page: Page, base: str, username: str) -> None:
    """As somebody who was made `with_password`; leads to where their role works."""
    page.goto(f"{base}/sign-in")
    page.locator("[name=username]").fill(username)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("[name=password]").press("Enter")


def fits(page: Page) -> bool:
    """Whether nothing has to be scrolled to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
