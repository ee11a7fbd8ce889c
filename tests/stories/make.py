"""Stories in any state, moved there by their own methods."""

import secrets
import uuid
from typing import Any

from accounts.models import Device, User
from accounts.roles import Role
from audit import SYSTEM
from consent.models import ConsentRecord
from stories import erasure, intake
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_device, make_user
from tests.consent.make import RECORDED_AT, make_consent, make_upload_row

# The shortest way to each state, by the method that takes the last step.
WAYS: dict[Status, tuple[str, ...]] = {
    Status.DRAFT: (),
    Status.SUBMITTED: ("submit",),
    Status.PROCESSING: ("submit", "start"),
    Status.FAILED: ("submit", "start", "fail"),
    Status.IN_REVIEW: ("submit", "start", "review"),
    Status.CHANGES_REQUESTED: ("submit", "start", "review", "changes"),
    Status.REJECTED: ("submit", "start", "review", "reject"),
    Status.APPROVED: ("submit", "start", "review", "approve"),
    Status.PUBLISHED: ("submit", "start", "review", "approve", "publish"),
    Status.WITHDRAWN: ("withdraw",),
    Status.ERASED: ("withdraw", "erase"),
}


def story_facts(
    *, sha256: str = "", size_bytes: int = 1000, upload: uuid.UUID | None = None, **facts: Any
) -> dict[str, Any]:
    return {
        "title": "A made-up story",
        "language": "en",
        "recorded_at": RECORDED_AT,
        "recording": {
            "id": uuid.uuid4(),
            "upload": upload or uuid.uuid4(),
            "sha256": sha256 or secrets.token_hex(32),
            "size_bytes": size_bytes,
        },
        **facts,
    }


def declare_story(
    device: Device | None = None, *, consent: ConsentRecord | None = None, **facts: Any
) -> Story:
    """A draft of which nothing has arrived yet."""
    device = device or (consent.storyteller.registered_by.devices.get() if consent else None)
    device = device or make_device()
    story, _created = intake.declare_story(
        consent or make_consent(device), by=device, pk=uuid.uuid4(), facts=story_facts(**facts)
    )
    return story


def make_story(
    device: Device | None = None,
    *,
    status: Status = Status.DRAFT,
    consent: ConsentRecord | None = None,
    content_key: str = "",
    approvers: tuple[User, User] | None = None,
    case_id: uuid.UUID | None = None,
    **facts: Any,
) -> Story:
    """A story in `status`, whose recording is an upload that stands complete.

    The machine's receivers run as they would: a story that passed through `submitted` has jobs.
    """
    story = declare_story(device, consent=consent, **facts)
    sender = _phone_of(story)
    recording = story.recording
    make_upload_row(
        sender,
        pk=recording.upload_declared,
        sha256=recording.sha256,
        length=recording.size_bytes,
        content_key=content_key,
    )
    for step in WAYS[status]:
        _take(step, story, device=sender, approvers=approvers, case_id=case_id)
    return story


def _phone_of(story: Story) -> Device:
    if story.device is None:
        raise ValueError("a declared story has the phone that declared it")
    return story.device


def _take(
    step: str,
    story: Story,
    *,
    device: Device,
    approvers: tuple[User, User] | None,
    case_id: uuid.UUID | None,
) -> None:
    if step == "submit":
        intake.submit(story, by=device)
    elif step == "start" and story.status == Status.SUBMITTED:
        story.start_processing(by=SYSTEM)
    elif step == "fail":
        story.fail(by=SYSTEM, code="not_media", reason="This is not a recording.")
    elif step == "review":
        story.ready_for_review(by=SYSTEM)
    elif step == "changes":
        story.request_changes(by=SYSTEM, note="Say which language it is.")
    elif step == "reject":
        story.reject(by=SYSTEM, note="Not a testimony.")
    elif step == "approve":
        first, second = approvers or _two_moderators(story)
        story.approve(by=second, first=first, case_id=case_id or uuid.uuid4())
    elif step == "publish":
        story.publish(by=SYSTEM)
    elif step == "withdraw":
        story.withdraw(by=SYSTEM)
    elif step == "erase":
        erasure.erase(story, by=SYSTEM)


def _two_moderators(story: Story) -> tuple[User, User]:
    first, second = (make_user(role=Role.MODERATOR, programme=story.programme) for _ in range(2))
    return first, second
