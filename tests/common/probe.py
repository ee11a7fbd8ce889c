"""A web server with `probe_app`."""

import os
from pathlib import Path

import httpx

from tests.programs import free_port
from tests.servers import Process, child_environment

CONTENT = bytes(range(256)) * 40


class Probe(Process):
    """uvicorn with `probe_app`: a kind `probe` whose files lie in `store`."""

    def __init__(self, store: Path) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        port = self.url.rpartition(":")[2]
        super().__init__(
            *("uvicorn", "tests.common.probe_app:application", "--port", port),
            env=child_environment(MAM_STORE=str(store)),
            log_path=store.parent / "probe.log",
        )

    @property
    def rss_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def answers(self) -> bool:
        try:
            return httpx.get(f"{self.url}/healthz").status_code == 200
        except httpx.TransportError:
            return False
