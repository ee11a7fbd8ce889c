"""Fixtures of this room's tests."""

import pytest

from transcode import doorbell, kinds


@pytest.fixture
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the kinds of work that the test registers exist, and they go with it."""
    monkeypatch.setattr(kinds, "registry", {})


@pytest.fixture
def bells(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queues that were rung for, in order; no message is sent."""
    rung: list[str] = []
    monkeypatch.setattr(doorbell, "ring", rung.append)
    return rung
