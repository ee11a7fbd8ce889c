import re

import httpx
import pytest
from django.test import Client

from tests.servers import Server


@pytest.mark.django_db
def test_a_page_may_only_load_from_this_server(client):
    policy = client.get("/sign-in")["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy


@pytest.mark.django_db
def test_pages_hold_no_inline_script_or_style_that_the_policy_would_refuse(client):
    text = client.get("/sign-in").content.decode()

    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)", text)


def test_pages_are_not_framed_and_name_themselves_to_nobody_else(client):
    response = client.get("/healthz")

    assert response["X-Frame-Options"] == "DENY"
    assert response["Referrer-Policy"] == "same-origin"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/nowhere", "/api/v1/me", "/api/v1/nowhere", "/withdraw"])
def test_no_cache_keeps_an_answer(client, address):
    kept = client.get(address)["Cache-Control"]

    assert "private" in kept
    assert "no-store" in kept


@pytest.mark.django_db
def test_nor_that_a_form_was_refused():
    forged = Client(enforce_csrf_checks=True).post("/sign-in")

    assert (forged.status_code, forged["Cache-Control"]) == (403, "private, no-store")


def test_what_is_not_private_is_kept(site: Server):
    answer = httpx.get(f"{site.url}/static/common/style.css")

    assert answer.status_code == 200
    assert "no-store" not in answer.headers["cache-control"]
