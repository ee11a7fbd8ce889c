from uploads import tus
from uploads.schema import SECURITY, add_tus_routes


def _schema():
    return add_tus_routes({"paths": {"/api/v1/zzz": {}}}, None, None, True)


def test_every_route_and_method_is_in_the_document():
    paths = _schema()["paths"]

    assert set(paths[tus.PATH]) == {"options", "post"}
    assert set(paths[f"{tus.PATH}/{{id}}"]) == {*("options", "head", "get", "patch", "delete")}


def test_every_method_but_options_wants_a_phones_token():
    for path, operations in _schema()["paths"].items():
        for method, operation in operations.items():
            if method != "options" and path.startswith(tus.PATH):
                assert operation["security"] == [{SECURITY: []}]


def test_paths_stay_in_order_so_that_the_committed_document_is_stable():
    assert list(_schema()["paths"]) == sorted(_schema()["paths"])
