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


def variables_documented() -> list[str]:
    return re.findall(r"^#? ?(MAM_\w+)=", (BASE_DIR / ".env.example").read_text(), re.MULTILINE)


def test_every_variable_of_the_settings_is_in_the_example():
    assert variables_read() - set(variables_documented()) == set()


def test_the_example_names_no_variable_that_nothing_reads():
    assert set(variables_documented()) - variables_read() == set()


def test_the_example_names_each_variable_once():
    assert len(variables_documented()) == len(set(variables_documented()))


@pytest.mark.parametrize("name", ["run.lock", "all.lock"])
def test_lock_files_name_packages_and_hashes_but_no_place(name: str):
    lock = (BASE_DIR / "requirements" / name).read_text()

    packages = re.findall(r"^[a-z0-9][\w.-]*==.*$", lock, re.MULTILINE)

    assert packages
    assert all(package.endswith("\\") for package in packages), "a package without a hash"
    assert not re.search(r"://|--(extra-)?index-url|--find-links", lock)


def test_the_vendored_script_is_the_one_that_was_recorded():
    vendor = BASE_DIR / "moderation" / "static" / "vendor"
    recorded = re.findall(r"`([\w.]+)` \|.*`([0-9a-f]{64})`", (vendor / "VENDORED.md").read_text())

    assert recorded
    for name, digest in recorded:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == digest
