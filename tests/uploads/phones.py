"""A phone as the server sees it: HTTP requests, and sockets that go quiet or break."""

import hashlib
import socket
import uuid
from base64 import b64encode
from contextlib import closing
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from tests.accounts.make import make_phone
from tests.servers import wait_until

PATH = "/api/v1/uploads"


@dataclass
class Phone:
    """`url` is the server's origin; change it to speak to another process of the same house."""

    url: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Device {self.token}", "Tus-Resumable": "1.0.0"}

    def ask(self, method: str, upload_id: object = "", **kwargs) -> httpx.Response:
        headers = {**self.headers, **kwargs.pop("headers", {})}
        path = f"{PATH}/{upload_id}" if upload_id else PATH
        return httpx.request(method, self.url + path, headers=headers, timeout=30, **kwargs)

    def declare(self, content: bytes, upload_id: uuid.UUID | None = None, **changes: str):
        """POST; `changes` replace metadata, and `length` the length."""
        length = changes.pop("length", str(len(content)))
        pairs = metadata(content, upload_id or uuid.uuid4(), **changes)
        headers = {"Upload-Length": length, "Upload-Metadata": encoded(pairs)}
        return self.ask("POST", headers=headers)

    def declared(self, content: bytes, upload_id: uuid.UUID | None = None) -> uuid.UUID:
        """The id of a fresh upload."""
        upload_id = upload_id or uuid.uuid4()
        response = self.declare(content, upload_id)
        assert response.status_code == 201, response.text
        return upload_id

    def send(self, upload_id: uuid.UUID, data: bytes, *, at: int) -> httpx.Response:
        return self.ask("PATCH", upload_id, content=data, headers=_body_headers(at))

    def offset(self, upload_id: uuid.UUID) -> int:
        return int(self.ask("HEAD", upload_id).headers["Upload-Offset"])

    def state(self, upload_id: uuid.UUID):
        return self.ask("GET", upload_id).json()

    def begin(self, upload_id: uuid.UUID, data: bytes, *, at: int, announced: int) -> socket.socket:
        """A PATCH that announces more than `data` and then keeps quiet, still open."""
        host = urlsplit(self.url)
        headers = {**self.headers, **_body_headers(at), "Content-Length": str(announced)}
        lines = [f"PATCH {PATH}/{upload_id} HTTP/1.1", f"Host: {host.netloc}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        wire = socket.create_connection((host.hostname or "", host.port or 80), timeout=10)
        wire.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + data)
        return wire

    def cut(self, upload_id: uuid.UUID, data: bytes, *, at: int, announced: int) -> None:
        """The same, and the connection breaks once the server has it all."""
        with closing(self.begin(upload_id, data, at=at, announced=announced)):
            wait_until(lambda: self.offset(upload_id) == at + len(data), what="the bytes")

    def tuspy(self, content, *, upload_id: uuid.UUID, **kwargs) -> Uploader:
        """The public client, on a file object."""
        client = TusClient(self.url + PATH, headers={"Authorization": f"Device {self.token}"})
        content.seek(0)
        pairs = metadata(content.read(), upload_id, filename="Awa's interview.mp4")
        return client.uploader(file_stream=content, metadata=pairs, **kwargs)


def make_phone_at(url: str) -> Phone:
    _device, token = make_phone()
    return Phone(url, token)


def metadata(content: bytes, upload_id: object, **changes: str) -> dict[str, str]:
    digest = hashlib.sha256(content).hexdigest()
    return {"id": str(upload_id), "sha256": digest, "filetype": "video/mp4", **changes}


def encoded(pairs: dict[str, str]) -> str:
    return ",".join(f"{key} {b64encode(value.encode()).decode()}" for key, value in pairs.items())


def _body_headers(at: int) -> dict[str, str]:
    return {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(at)}
