from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.conftest import test_database_url as url_of_test_database
from tests.servers import Server, child_environment
from tests.uploads.phones import Phone, make_phone_at


@pytest.fixture(scope="session")
def shared_server(
    django_db_setup: None, static_files: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """One web process for all tests that neither stop nor configure it: it keeps nothing between
    them but files under random names."""
    folder = tmp_path_factory.mktemp("uploads")
    env = child_environment(
        MAM_DATABASE_URL=url_of_test_database(),
        MAM_STORE=str(folder / "store"),
        MAM_SCRATCH=str(folder / "scratch"),
    )
    with Server(env=env, log_path=folder / "web.log") as running:
        yield running


@pytest.fixture
def phone(shared_server: Server, transactional_db: None, settings: Settings) -> Phone:
    """An enrolled phone that speaks to the running server; the test looks at the server's store."""
    settings.STORE_ROOT = Path(shared_server.env["MAM_STORE"])
    return make_phone_at(shared_server.url)
