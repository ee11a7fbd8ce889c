"""A collector's phone: JSON by httpx, bytes by the public tus client."""

import secrets
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from math import ceil
from typing import Any, Final

from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.uploader.uploader import Uploader

from demo.api import Api, Json
from demo.expectations import Unexpected
from demo.recordings import Recording

UPLOADS: Final = "/api/v1/uploads"
NAME: Final = "Demo phone"
# Crockford's base 32, as on the storytellers' slips.
SLIP_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
USES_GRANTED: Final = ("internal_archive", "transcription", "community_screening")
USES_REFUSED: Final = ("partner_organisations", "broadcast", "online", "research")
# Memory of a cheap phone, for each chunk.
LARGEST_CHUNK_BYTES: Final = 8 * 1024 * 1024
MOST_LOSSES: Final = 8
PAUSE_S: Final = 0.5

OnBytes = Callable[[int], None]


class Phone:
    """An enrolled phone. All ids are its own, so that it could repeat any request."""

    def __init__(self, url: str, *, token: str) -> None:
        self.url = url
        self.authorization = f"Device {token}"
        self.api = Api(url, authorization=self.authorization)

    @classmethod
    def enrol(cls, url: str, *, code: str) -> "Phone":
        """Use the coordinator's one-time code up."""
        enrolled = Api(url).post("devices", code=code, name=NAME)
        return cls(url, token=enrolled["token"])

    def declare_storyteller(self) -> Json:
        """The storyteller, with the `slip_code` that is written on their slip of paper."""
        pk, slip_code = str(uuid.uuid4()), _slip_code()
        declared = self.api.post(
            "storytellers",
            id=pk,
            pseudonym=f"Demo storyteller {pk[:4]}",
            age_band="25_34",
            slip_code=slip_code,
        )
        return declared | {"slip_code": slip_code}

    def consent_text(self, language: str) -> Json:
        """The newest text in `language`, else the newest there is: then a person translates."""
        texts: Any = self.api.http.get("/api/v1/consent-texts").json()
        spoken = [text for text in texts if text["language"] == language]
        if not texts:
            raise Unexpected("the programme has no consent text; see manage.py add_consent_text")
        text: Json = (spoken or texts)[0]
        return text

    def record_consent(self, storyteller: Json, text: Json, proof: Recording) -> Json:
        """Yes to archive, transcription and community screening; no to all else."""
        grants = [{"use": use, "allowed": True} for use in USES_GRANTED]
        grants += [{"use": use, "allowed": False} for use in USES_REFUSED]
        declared = self.api.post(
            "consents",
            id=str(uuid.uuid4()),
            storyteller=storyteller["id"],
            text=text["id"],
            spoken_language=proof.language,
            recorded_at=_now(),
            proof_id=str(uuid.uuid4()),
            proof_sha256=proof.sha256,
            may_show_face=True,
            may_use_voice=True,
            grants=grants,
        )
        self.send(proof, upload_id=declared["proof_id"])
        return declared

    def declare_story(self, consent: Json, recording: Recording) -> Json:
        return self.api.post(
            "stories",
            id=str(uuid.uuid4()),
            consent=consent["id"],
            title=recording.title,
            language=recording.language,
            recorded_at=_now(),
            recording={
                "id": str(uuid.uuid4()),
                "upload": str(uuid.uuid4()),
                "sha256": recording.sha256,
                "size_bytes": recording.size_bytes,
            },
        )

    def send(
        self,
        recording: Recording,
        *,
        upload_id: str,
        through: str = "",
        on_bytes: OnBytes = lambda offset: None,
    ) -> int:
        """Upload it; return how often the line was lost on the way.

        `through` is the origin to send to when it isn't the service's own. `on_bytes` hears the
        offset that the service acknowledged.
        """
        client = TusClient(
            (through or self.url) + UPLOADS, headers={"Authorization": self.authorization}
        )
        metadata = {
            "id": upload_id,
            "sha256": recording.sha256,
            "filetype": recording.content_type,
        }
        sending = _uploader(client, recording, metadata=metadata)
        address = sending.create_url()
        for losses in range(MOST_LOSSES):
            lost = _lost(client, recording, address, on_bytes=on_bytes)
            if lost is None:
                return losses
            time.sleep(PAUSE_S)
        raise Unexpected(f"the upload was lost {MOST_LOSSES} times: {lost}")

    def upload(self, upload_id: str) -> Json:
        """What the service says of it: `safe_to_delete` once it has verified the hash."""
        return self.api.get(f"uploads/{upload_id}")

    def submit(self, story: Json) -> Json:
        return self.api.post(f"stories/{story['id']}/submit")

    def story(self, story: Json) -> Json:
        return self.api.get(f"stories/{story['id']}")


def chunk_bytes(recording: Recording) -> int:
    """Of an odd number of chunks, so that half of the file ends in the middle of one."""
    parts = max(17, recording.size_bytes // LARGEST_CHUNK_BYTES | 1)
    return max(1, ceil(recording.size_bytes / parts))


def _lost(
    client: TusClient, recording: Recording, address: str, *, on_bytes: OnBytes
) -> TusCommunicationError | None:
    """Send from where the service has got to; the error if that was not to the end."""
    try:
        # Given an address it asks for the offset (HEAD) and continues there.
        sending = _uploader(client, recording, url=address)
        while sending.offset < recording.size_bytes:
            sending.upload_chunk()  # type: ignore[no-untyped-call]  # tuspy's.
            on_bytes(sending.offset)
    except TusCommunicationError as error:
        return error
    return None


def _uploader(client: TusClient, recording: Recording, **options: Any) -> Uploader:
    return client.uploader(str(recording.path), chunk_size=chunk_bytes(recording), **options)


def _slip_code() -> str:
    groups = ("".join(secrets.choice(SLIP_LETTERS) for _ in range(4)) for _ in range(3))
    return "-".join(groups)


def _now() -> str:
    return datetime.now(UTC).isoformat()
