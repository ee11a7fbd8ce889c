"""A phone that speaks tus 1.0.0 as fast as loopback carries it."""

import hashlib
import http.client
import uuid
from base64 import b64encode
from http import HTTPStatus
from typing import Final

from accounts import devices
from accounts.models import Membership, Programme, User
from accounts.roles import Role
from bench.contest import NotComparable

UPLOADS: Final = "/api/v1/uploads"
TIMEOUT_S: Final = 300


class Content:
    """Bytes with their hash, which a phone knows before it sends."""

    def __init__(self, body: bytes | memoryview) -> None:
        self.body = memoryview(body)
        self.sha256 = hashlib.sha256(self.body).hexdigest()


class Phone:
    """Newly enrolled at the service of this run on `port`; keeps one connection open."""

    def __init__(self, port: int) -> None:
        self._headers = {"Tus-Resumable": "1.0.0", "Authorization": f"Device {_enrolled()}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)

    def send(self, content: Content, *, patch_bytes: int) -> None:
        """Returns once the service says that the phone may delete its copy."""
        address = self._create(content)
        for at in range(0, len(content.body), patch_bytes):
            answer = self._append(address, content.body[at : at + patch_bytes], at=at)
        if answer.headers["Upload-Verified"] != "sha256":
            raise NotComparable("the service did not verify the upload")

    def _create(self, content: Content) -> str:
        declared = {"id": str(uuid.uuid4()), "sha256": content.sha256, "filetype": "video/mp4"}
        pairs = (f"{key} {b64encode(value.encode()).decode()}" for key, value in declared.items())
        headers = {"Upload-Length": str(len(content.body)), "Upload-Metadata": ",".join(pairs)}
        answer = self._ask("POST", UPLOADS, b"", HTTPStatus.CREATED, **headers)
        return str(answer.headers["Location"])

    def _append(self, address: str, body: memoryview, *, at: int) -> http.client.HTTPResponse:
        kind = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
        return self._ask("PATCH", address, body, HTTPStatus.NO_CONTENT, **kind)

    def _ask(
        self,
        method: str,
        address: str,
        body: bytes | memoryview,
        expected: HTTPStatus,
        **headers: str,
    ) -> http.client.HTTPResponse:
        self._connection.request(method, address, body, self._headers | headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != expected:
            raise NotComparable(f"{method} was answered {answer.status} {said[:300]!r}")
        return answer


def _enrolled() -> str:
    """The token of a phone in a programme of its own."""
    name = f"bench-{uuid.uuid4().hex[:8]}"
    programme = Programme.objects.create(slug=name, name=name, country="SN", languages=["fr"])
    collector = User.objects.create(username=name)
    Membership.objects.create(user=collector, programme=programme, role=Role.COLLECTOR)
    code = devices.enrolment_code(programme, collector, by=collector)
    _device, token = devices.enrol(code, name=name, address="127.0.0.1")
    return token
