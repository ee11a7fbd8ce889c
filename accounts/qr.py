"""The enrolment code as something a phone's camera reads."""

import io
import json

import segno
from django.http import HttpRequest


def payload(request: HttpRequest, code: str) -> str:
    """JSON text with the address the coordinator used, and the code."""
    server = request.build_absolute_uri("/").rstrip("/")
    return json.dumps({"server": server, "code": code}, separators=(",", ":"))


def svg(text: str) -> str:
    """Black on white with a quiet zone, so that it reads in dark mode and on a dull screen too."""
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        out, kind="svg", xmldecl=False, border=4, scale=6, dark="#000", light="#fff", omitsize=True
    )
    return out.getvalue().decode()
