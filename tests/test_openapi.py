"""The OpenAPI document knows every address of the API, and how each one refuses."""

import re
from typing import Any

import pytest
from django.contrib.admindocs.views import simplify_regex
from drf_spectacular.generators import SchemaGenerator

from tests.test_routes import ALL, Address, byte_plane

# The document's own address, and the page that shows it.
OF_THE_DOCUMENT = {"api/schema/", "api/docs/"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    found: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return found


def in_document(route: str) -> str:
    """`api/v1/x/<uuid:pk>`, `^x/(?P<pk>…)$` and `/x/{id:uuid}` as OpenAPI writes them."""
    plain = simplify_regex(route).replace("\\", "")
    named = re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", plain)
    return "/" + re.sub(r"\{(\w+):\w+\}", r"{\1}", named).lstrip("/")


@pytest.mark.parametrize(
    "address", [one for one in ALL if one.is_api and one.route not in OF_THE_DOCUMENT], ids=str
)
def test_every_address_of_the_api_is_in_it_with_its_methods(document, address: Address):
    # drf-spectacular names parameters for what they are: `id` for a `pk`.
    paths = {re.sub(r"\{\w+\}", "{}", path): ways for path, ways in document["paths"].items()}
    path = re.sub(r"\{\w+\}", "{}", in_document(address.route))

    assert {method.lower() for method in address.methods} <= set(paths[path])


@pytest.mark.parametrize("route", [*[route.path for route in byte_plane()], "healthz", "readyz"])
def test_so_are_the_byte_planes_routes_and_the_states(document, route):
    assert in_document(route) in document["paths"]


def test_every_operation_may_answer_a_problem(document):
    problem = {"$ref": "#/components/schemas/Problem"}

    silent = [
        (path, method)
        for path, ways in document["paths"].items()
        for method, operation in ways.items()
        if operation["responses"]["default"]["content"]
        != {"application/problem+json": {"schema": problem}}
    ]

    assert silent == []


def test_a_problem_is_described_as_it_is_sent(document):
    problem = document["components"]["schemas"]["Problem"]

    assert set(problem["required"]) == {"type", "title", "status", "code", "detail"}
    assert set(problem["properties"]["errors"]["items"]["required"]) == {
        "pointer",
        "code",
        "detail",
    }
