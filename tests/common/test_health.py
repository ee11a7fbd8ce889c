import pytest

from common import health
from common.health import Health


@pytest.fixture
def parts(monkeypatch):
    """The registered probes, emptied for the test."""
    own: dict[str, health.Probe] = {}
    monkeypatch.setattr(health, "_probes", own)
    return own


def test_alive_asks_no_part(client, parts):
    health.register("broken", lambda: Health(ok=False, detail="gone"))

    response = client.get("/healthz")

    assert (response.status_code, response.json()) == (200, {"status": "ok"})


def test_ready_names_each_part(client, parts):
    health.register("model", lambda: Health(ok=True, detail="base"))

    response = client.get("/readyz")

    assert response.status_code == 200
    assert response.json() == {
        "status": "ok",
        "parts": {"model": {"ok": True, "detail": "base"}},
    }


def test_the_parts_are_asked_every_two_seconds_at_most(client, parts, monkeypatch):
    asked, now = [], [100.0]
    monkeypatch.setattr("common.health.time.monotonic", lambda: now[0])

    def store() -> Health:
        asked.append(now[0])
        return Health(ok=True, detail="writable")

    health.register("store", store)

    for now[0] in (100.0, 101.9, 102.0, 103.9, 104.0):
        client.get("/readyz")

    assert asked == [100.0, 102.0, 104.0]


def test_a_path_is_told_to_nobody(client, parts):
    health.register("model", lambda: Health(ok=False, detail="absent from /srv/house/models"))

    response = client.get("/readyz")

    assert response.json()["parts"] == {"model": {"ok": False, "detail": ""}}


@pytest.mark.django_db
def test_no_part_of_ours_names_a_path():
    assert [name for name, part in health.check().items() if "/" in part.detail] == []


def test_one_missing_part_makes_it_unready_and_is_named(client, parts):
    health.register("model", lambda: Health(ok=False, detail="absent"))
    health.register("ffmpeg", lambda: Health(ok=True, detail="5.1"))

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["model"] == {"ok": False, "detail": "absent"}
    assert response.json()["parts"]["ffmpeg"]["ok"]


def test_a_probe_that_breaks_tells_its_kind_and_no_more(client, parts):
    def broken() -> Health:
        raise ConnectionError("postgres://user:hunter2@db")

    health.register("database", broken)

    response = client.get("/readyz")

    assert response.status_code == 503
    assert response.json()["parts"]["database"]["detail"] == "ConnectionError"
    assert "hunter2" not in response.content.decode()


@pytest.mark.django_db
def test_database_and_storage_are_asked_for_real(storage):
    database, store = health.database(), health.storage()

    assert database.ok
    assert store.ok
    assert [path for path in storage.rglob("*") if path.is_file()] == []


def test_a_store_that_cannot_be_written_is_not_ready(storage, parts):
    storage.write_text("a file where the folder should be")
    health.register("storage", health.storage)

    assert not health.check()["storage"].ok
