import uuid

import pytest

from tests.uploads.phones import encoded
from uploads import declarations
from uploads.declarations import MetadataInvalid

ID = uuid.uuid4()
DIGEST = "ab" * 32


def _read(**changes: str) -> declarations.Declaration:
    pairs = {"id": str(ID), "sha256": DIGEST, **changes}
    return declarations.read({"upload-length": "5", "upload-metadata": encoded(pairs)})


def test_a_declaration_is_read_from_the_headers():
    assert _read(filetype="video/mp4; codecs=avc1") == declarations.Declaration(
        id=ID, length=5, sha256=DIGEST, content_type="video/mp4"
    )


def test_a_digest_in_capitals_is_the_same_digest():
    assert _read(sha256=DIGEST.upper()).sha256 == DIGEST


@pytest.mark.parametrize("odd", ["", "mp4", "a" * 200 + "/mp4", "text/html<script>", "vidéo/mp4"])
def test_an_odd_type_counts_as_not_said(odd):
    assert _read(filetype=odd).content_type == ""


@pytest.mark.parametrize("header", ["", "id", "id !!!", "id /w==", "id YQ==,sha256"])
def test_a_header_that_cannot_be_read_is_refused(header):
    with pytest.raises(MetadataInvalid):
        declarations.read({"upload-length": "5", "upload-metadata": header})


@pytest.mark.parametrize("text", ["", "-1", "1.5", "٣", "0x10", " 1", "9" * 30])
def test_only_plain_digits_are_a_number(text):
    assert declarations.whole_number(text) is None
