import ast
import hashlib
import re

import pytest

from tests.environment import BASE_DIR


def variables_read() -> set[str]:
    """Names in calls like `env.str("MAM_…")` in the settings."""
    tree = ast.parse((BASE_DIR / "config" / "settings.py").read_text())
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call.func, ast.Attribute)
        and isinstance(call.func.value, ast.Name)
        and call.func.value.id == "env"
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def variables_documented() -> tuple[list[str], list[str]]:
    """What the example says of the service, and of tests and demo."""
    service, _heading, others = (
        (BASE_DIR / ".env.example").read_text().partition("# Tests and demo")
    )
    return _named_in(service), _named_in(others)


def _named_in(part: str) -> list[str]:
    return re.findall(r"^#? ?((?:MAM_\w+)|PORT)=", part, re.MULTILINE)


def variables_of_tests_and_demo() -> set[str]:
    """Names that the Makefile takes, or that these rooms ask the environment for."""
    asked = r"""environ(?:\.get)?[(\[]\s*"(MAM_\w+)\""""
    rooms = [
        path for room in ("tests", "demo", "bench") for path in (BASE_DIR / room).rglob("*.py")
    ]
    found = {name for path in rooms for name in re.findall(asked, path.read_text())}
    taken = re.findall(r"\$\(or \$\((\w+)\)", (BASE_DIR / "Makefile").read_text())
    return found | set(taken)


def test_every_variable_of_the_settings_is_in_the_example_and_no_other():
    service, _others = variables_documented()

    assert set(service) == variables_read()


def test_every_variable_of_tests_and_demo_is_in_the_example_and_no_other():
    _service, others = variables_documented()

    assert set(others) == variables_of_tests_and_demo() - variables_read()


def test_the_example_names_each_variable_once():
    service, others = variables_documented()

    assert len(service + others) == len({*service, *others})


@pytest.mark.parametrize("name", ["run.lock", "all.lock"])
def test_lock_files_name_packages_and_hashes_but_no_place(name: str):
    lock = (BASE_DIR / "requirements" / name).read_text()

    packages = re.findall(r"^[a-z0-9][\w.-]*==.*$", lock, re.MULTILINE)

    assert packages
    assert all(package.endswith("\\") for package in packages), "a package without a hash"
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock)


def test_the_vendored_script_is_the_one_that_was_recorded():
    vendor = BASE_DIR / "common" / "static" / "common" / "vendor"
    recorded = re.findall(r"`([\w.]+)` \|.*`([0-9a-f]{64})`", (vendor / "VENDORED.md").read_text())

    assert recorded
    for name, digest in recorded:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
