"""Fixtures for every room: isolated storage, real processes, recordings, a browser."""

import os
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from playwright.sync_api import Page
from pytest_django.fixtures import Settings

from common import asgi, health
from tests import environment, programs
from tests.houses import House, PostgresTemplate, SqliteTemplate, Template, manage
from tests.servers import Server, child_environment

# Two busy cores make any single example late now and then.
hypothesis_settings.register_profile("house", deadline=None, print_blob=True)
hypothesis_settings.load_profile("house")


def pytest_report_header() -> str:
    return f"MAM_SEED={environment.SEED} MAM_ROUNDS={environment.ROUNDS} MAM_VAR={environment.VAR}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Each process of `-n` reads its own settings, below its own `MAM_VAR`."""
    os.environ.pop("DJANGO_SETTINGS_MODULE", None)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # Playwright leaves an event loop running in the thread; other tests want to start their own.
    items.sort(key=lambda item: item.get_closest_marker("browser") is not None)
    if connection.vendor != "postgresql":
        reason = "needs PostgreSQL: python -m tools.with_postgres pytest -m postgres"
        for item in items:
            if item.get_closest_marker("postgres"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # A green run of CI means that everything ran.
    if environment.STRICT and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid} was skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> None:
    """A file, since several threads and processes look at it; PostgreSQL is that anyway."""
    if connection.vendor == "sqlite":
        name = str(environment.VAR / "test.sqlite3")
        connection.settings_dict["TEST"]["NAME"] = name


@pytest.fixture(autouse=True)
def storage(settings: Settings, tmp_path: Path) -> Path:
    """The private store's root, of the test's own; scratch space beside it."""
    root = tmp_path / "store"
    settings.SCRATCH_ROOT = tmp_path / "scratch"
    store_in(root, settings)
    return root


def store_in(root: Path, settings: Settings) -> None:
    settings.STORE_ROOT = root
    private = settings.STORAGES["private"]
    settings.STORAGES = {
        **settings.STORAGES,
        "private": {**private, "OPTIONS": {**private["OPTIONS"], "location": root}},
        # The manifest of the real one is made by collectstatic; see `server` and `house`.
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """Throttles, states and the last request's language: each test starts with none."""
    cache.clear()
    health.forget()
    translation.deactivate()


@pytest.fixture(autouse=True)
def own_byte_plane() -> Iterator[None]:
    """The threads of uploads and media keep their connections; none outlives its test."""
    yield
    if asgi._database_pool.cache_info().currsize:
        asgi._database_pool().shutdown()
        asgi._database_pool.cache_clear()


@pytest.fixture(scope="session")
def seed() -> int:
    """What every random choice of a test starts from: `MAM_SEED`, else drawn and printed."""
    return environment.SEED


@pytest.fixture(scope="session")
def rounds() -> int:
    """How often tests that repeat do so: `MAM_ROUNDS`."""
    return environment.ROUNDS


@pytest.fixture(scope="session")
def recordings() -> Path:
    """Folder of real recordings, `MAM_MEDIA`; its `INDEX.tsv` says what each is."""
    if not (environment.MEDIA / "INDEX.tsv").is_file():
        pytest.skip("no recordings: MAM_MEDIA names no folder with an INDEX.tsv")
    return environment.MEDIA


@pytest.fixture(scope="session")
def static_files() -> None:
    """collectstatic for the session's own `MAM_VAR`."""
    manage("collectstatic", "--noinput", "--verbosity", "0", env=child_environment())


def test_database_url() -> str:
    settings_dict = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{settings_dict['NAME']}"
    return "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**settings_dict)


@pytest.fixture
def server(transactional_db: None, static_files: None, storage: Path) -> Iterator[Server]:
    """Real uvicorn on the test's own database and store; what the test commits, it sees."""
    env = child_environment(
        MAM_DATABASE_URL=test_database_url(),
        MAM_STORE=str(storage),
        MAM_SCRATCH=str(storage.parent / "scratch"),
    )
    with Server(env=env, log_path=storage.parent / "logs" / "web.log") as running:
        yield running


@pytest.fixture(scope="session")
def shared_server(
    django_db_setup: None, static_files: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One web process for all tests that neither stop nor configure it: it keeps nothing between
    them but files under random names, and starting one takes a second or more."""
    folder = tmp_path_factory.mktemp("shared")
    env = child_environment(
        MAM_DATABASE_URL=test_database_url(),
        MAM_STORE=str(folder / "store"),
        MAM_SCRATCH=str(folder / "scratch"),
    )
    with Server(env=env, log_path=folder / "web.log") as running:
        yield running


@pytest.fixture
def site(shared_server: Server, transactional_db: None, settings: Settings) -> Server:
    """The shared web process on the test's own rows; what the test stores, it serves."""
    store_in(Path(shared_server.env["MAM_STORE"]), settings)
    return shared_server


@pytest.fixture(scope="session")
def house_template() -> Iterator[Template]:
    folder = environment.VAR / "template"
    if connection.vendor == "sqlite":
        yield SqliteTemplate(folder)
        return
    template = PostgresTemplate(folder, server_url=os.environ["MAM_DATABASE_URL"])
    yield template
    template.close()


@pytest.fixture
def house(
    house_template: Template, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[House]:
    """A migrated service of the test's own, nothing of it started; all ends with the test."""
    folder = tmp_path / "house"
    folder.mkdir()
    with house_template.database(folder) as database_url:
        made = House(folder, database_url=database_url, static=house_template.static)
        yield made
        made.close()
        request.node.add_report_section("teardown", "house", made.logs())


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, kept from talking to anybody but the test's server."""
    # With Playwright's loop in the thread Django would refuse the tests' own queries.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    return {
        **browser_type_launch_args,
        "executable_path": programs.chromium_path(),
        "args": [
            "--no-sandbox",  # As root there is no other way; it only sees our own pages.
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-first-run",
            "--autoplay-policy=no-user-gesture-required",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        ],
    }


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """`screenshot(page, name)` writes var/screenshots/<name>.png where MAM_SCREENSHOTS is set."""

    def take(page: Page, name: str) -> None:
        if os.environ.get("MAM_SCREENSHOTS"):
            folder = environment.BASE_DIR / "var" / "screenshots"
            page.screenshot(path=folder / f"{name}.png", full_page=True)

    return take
