"""Storytellers and their consent, with a proof that stands unless a test says otherwise."""

import secrets
import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Device
from consent import intake
from consent.models import ConsentRecord, ConsentText, Storyteller
from consent.uses import AgeBand, Use
from tests.accounts.make import make_device
from uploads.models import Status, Upload

SLIP_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
RECORDED_AT = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)


def make_upload_row(
    device: Device,
    *,
    pk: uuid.UUID | None = None,
    sha256: str = "",
    length: int = 1000,
    status: Status = Status.COMPLETE,
    content_key: str = "",
) -> Upload:
    """The row alone: no bytes lie behind it unless `content_key` names some."""
    complete = status == Status.COMPLETE
    return Upload.objects.create(
        pk=pk or uuid.uuid4(),
        device=device,
        programme=device.programme,
        length=length,
        offset=length if complete else 0,
        sha256=sha256 or secrets.token_hex(32),
        status=status,
        failure_code="checksum_mismatch" if status == Status.FAILED else "",
        content_key=content_key or (f"uploads/{uuid.uuid4()}" if complete else ""),
        completed_at=timezone.now() if complete else None,
        expires_at=timezone.now() + timedelta(days=14),
    )


def slip_code() -> str:
    return "".join(secrets.choice(SLIP_LETTERS) for _ in range(12))


def make_storyteller(
    device: Device,
    *,
    age_band: AgeBand = AgeBand.FROM_25_TO_34,
    slip: str = "",
    pseudonym: str = "Voice one",
) -> Storyteller:
    storyteller, _created = intake.declare_storyteller(
        device.programme,
        by=device.collector,
        pk=uuid.uuid4(),
        pseudonym=pseudonym,
        age_band=age_band,
        slip_code=slip or slip_code(),
    )
    return storyteller


def make_text(device: Device, *, version: int = 1, language: str = "fr") -> ConsentText:
    text, _created = ConsentText.objects.get_or_create(
        programme=device.programme,
        version=version,
        language=language,
        defaults={"body": "Read this aloud.", "uses": list(Use)},
    )
    return text


def granted(*uses: Use, **conditions: Any) -> list[Mapping[str, Any]]:
    return [{"use": use, "allowed": True, **conditions} for use in uses]


def make_consent(
    device: Device | None = None,
    *,
    storyteller: Storyteller | None = None,
    grants: Iterable[Mapping[str, Any]] | None = None,
    with_proof: bool = True,
    **facts: Any,
) -> ConsentRecord:
    """Grants the archive, transcription and community screening unless `grants` says otherwise."""
    device = device or make_device()
    proof_id, proof_sha256 = uuid.uuid4(), secrets.token_hex(32)
    if with_proof:
        make_upload_row(device, pk=proof_id, sha256=proof_sha256)
    usual = granted(Use.INTERNAL_ARCHIVE, Use.TRANSCRIPTION, Use.COMMUNITY_SCREENING)
    consent, _created = intake.record_consent(
        storyteller or make_storyteller(device),
        by=device,
        pk=uuid.uuid4(),
        text=make_text(device),
        facts={
            "spoken_language": "wo",
            "recorded_at": RECORDED_AT,
            "proof_id": proof_id,
            "proof_sha256": proof_sha256,
            **facts,
        },
        grants=usual if grants is None else grants,
    )
    return consent
