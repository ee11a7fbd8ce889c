"""Every address says which roles may come, or it stands in `PUBLIC`."""

import asyncio
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView
from starlette.routing import Route

from accounts.permissions import RolePermission, is_public, roles_for
from accounts.roles import Role
from config.asgi import application, router

# Who adds a line here lets the whole world in; say why.
PUBLIC = {
    ("healthz", "ANY"): "monitoring has no account",
    ("readyz", "ANY"): "monitoring has no account; the parts tell a state and no address",
    ("sign-in", "ANY"): "where people come in",
    ("sign-out", "ANY"): "where they leave, also with a session that has just ended",
    ("language", "ANY"): "sets a cookie",
    ("api/schema/", "GET"): "the interface is no secret",
    ("api/docs/", "GET"): "the interface is no secret",
    ("api/v1/auth/token", "POST"): "username and password, counted",
    ("api/v1/devices", "POST"): "a phone with its one-time code, counted",
    ("api/v1/withdrawals", "POST"): "a storyteller has nothing but the slip",
    ("withdraw", "ANY"): "a storyteller has nothing but the slip",
}

# The byte plane's routes have no views; what lets a caller in is named, and tried out below.
BYTE_PLANE = {
    "/media/{token}": 403,  # A signed address, asked again when it is used.
    "/api/v1/uploads": 401,  # A phone's token.
    "/api/v1/uploads/{id:uuid}": 401,  # A phone's token.
}
OPEN_IN_BYTE_PLANE = {
    ("/api/v1/uploads", "OPTIONS"): "tus: tells version and extensions",
    ("/api/v1/uploads/{id:uuid}", "OPTIONS"): "tus: tells version and extensions",
}


@dataclass(frozen=True)
class Address:
    route: str
    pattern: URLPattern

    @property
    def view(self) -> Any:
        callback = self.pattern.callback
        return getattr(callback, "cls", getattr(callback, "view_class", callback))

    @property
    def is_api(self) -> bool:
        return isinstance(self.view, type) and issubclass(self.view, APIView)

    @property
    def methods(self) -> list[str]:
        """A plain function answers them all, as far as we know."""
        if not self.is_api:
            return ["ANY"]
        actions = getattr(self.pattern.callback, "actions", None) or self.view.http_method_names
        own = [name for name in actions if name not in ("head", "options")]
        return [name.upper() for name in own if _answers(self, name)]

    def is_public(self, method: str) -> bool:
        return is_public(self.view, method) or not self._is_guarded(method)

    def _is_guarded(self, method: str) -> bool:
        """A plain function that declares nothing is open; an API view is closed by default."""
        if self.is_api:
            return bool(self.view.permission_classes == [RolePermission])
        return bool(self.roles(method))

    def roles(self, method: str) -> tuple[Role, ...]:
        return roles_for(self.view, method)

    def __str__(self) -> str:
        return self.route


def _answers(address: Address, name: str) -> bool:
    actions = getattr(address.pattern.callback, "actions", None)
    return bool(actions) or hasattr(address.view, name)


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Address]:
    for pattern in (resolver or get_resolver("config.urls")).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        else:
            yield Address(route, pattern)


ALL = list(addresses())


def test_the_world_may_call_what_is_named_here_and_nothing_else():
    public = {
        (address.route, method)
        for address in ALL
        for method in address.methods
        if address.is_public(method)
    }

    assert public == set(PUBLIC)


@pytest.mark.parametrize("address", ALL, ids=str)
def test_every_address_that_is_not_public_names_its_roles(address):
    silent = [
        method
        for method in address.methods
        if (address.route, method) not in PUBLIC and not address.roles(method)
    ]

    assert address.methods
    assert silent == []


@pytest.mark.django_db
@pytest.mark.parametrize("address", ALL, ids=str)
def test_a_stranger_is_refused_whatever_is_declared(address, rf: RequestFactory):
    methods = ["GET", "POST"] if address.methods == ["ANY"] else address.methods
    for method in methods:
        if {(address.route, method), (address.route, "ANY")} & set(PUBLIC):
            continue

        response = _call(address, rf.generic(method, "/x"))

        refused = response.status_code in (401, 405)
        sent_to_sign_in = response.headers.get("Location", "").startswith("/sign-in")
        assert refused or sent_to_sign_in, f"{method} {response.status_code}"


def _call(address: Address, request: Any) -> Any:
    request.user = AnonymousUser()
    names = [*address.pattern.pattern.converters, *address.pattern.pattern.regex.groupindex]
    return address.pattern.callback(request, **dict.fromkeys(names, uuid.UUID(int=0)))


def byte_plane() -> list[Route]:
    return [route for route in router.routes if isinstance(route, Route)]


def test_the_byte_planes_routes_are_all_named_here():
    assert len(byte_plane()) == len(router.routes)
    assert {route.path for route in byte_plane()} == set(BYTE_PLANE)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("route", byte_plane(), ids=lambda route: route.path)
def test_a_stranger_gets_no_bytes_and_leaves_none(route):
    for method in sorted(route.methods or ()):
        if (route.path, method) in OPEN_IN_BYTE_PLANE:
            continue

        status = _send(method, route.path)

        assert status in (BYTE_PLANE[route.path], 405), method


def _send(method: str, path: str) -> int:
    async def send() -> int:
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            address = path.replace("{token}", "forged").replace("{id:uuid}", str(uuid.UUID(int=0)))
            headers = {
                "Tus-Resumable": "1.0.0",
                "Upload-Length": "1",
                "Upload-Offset": "0",
                "Content-Type": "application/offset+octet-stream",
            }
            return (await client.request(method, address, headers=headers)).status_code

    return asyncio.run(send())
