import re

import pytest


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
