from collections.abc import Iterator

import pytest

from tests.common.probe import CONTENT, Probe
from tests.servers import wait_until


@pytest.fixture(scope="session")
def probe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Probe]:
    store = tmp_path_factory.mktemp("media") / "store"
    (store / "probe").mkdir(parents=True)
    (store / "probe" / "1").write_bytes(CONTENT)
    with Probe(store) as process:
        wait_until(process.answers, what="the probe")
        yield process
