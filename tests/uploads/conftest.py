from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from tests.servers import Server
from tests.uploads.phones import Phone, make_phone_at


@pytest.fixture
def phone(shared_server: Server, transactional_db: None, settings: Settings) -> Phone:
    """An enrolled phone that speaks to the running server; the test looks at the server's store."""
    settings.STORE_ROOT = Path(shared_server.env["MAM_STORE"])
    return make_phone_at(shared_server.url)
