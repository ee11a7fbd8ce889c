"""Cases of stories that the machines are done with, with or without real files behind them."""

import subprocess
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Device, User
from accounts.roles import Role
from audit import SYSTEM
from audit.models import Entry
from common.errors import Problem
from consent.models import ConsentRecord
from moderation import cases, claims
from moderation.checklist import ITEMS
from moderation.models import CLAIM_IDLE, Case
from stories.models import Story
from stories.states import Status
from tests.accounts.make import make_user
from tests.stories.make import make_story
from tests.transcode.make import DURATION_S, make_revision, make_set
from transcode.models import Job, State

CHECKED = [item.code for item in ITEMS]


def make_moderator(story: Story | Case, **kwargs: Any) -> User:
    """A moderator of the story's programme."""
    of = story.story if isinstance(story, Case) else story
    return make_user(role=Role.MODERATOR, programme=of.programme, **kwargs)


def make_case(
    device: Device | None = None,
    *,
    complete: bool = True,
    files: Mapping[str, bytes | Path] | None = None,
    first: User | None = None,
    claimed_by: User | None = None,
    consent: ConsentRecord | None = None,
    **facts: Any,
) -> Case:
    """An open case with everything made unless not `complete`; `first` has approved it already."""
    story = make_story(device, status=Status.PROCESSING, consent=consent, **facts)
    make_set(story, complete=complete, files=files)
    make_revision(story)
    jobs = Job.objects.filter(group=story.pk)
    jobs.update(state=State.DONE, progress=1.0, ended_at=timezone.now())
    story.ready_for_review(by=SYSTEM)
    case = story.cases.get()
    if first:
        cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    if claimed_by:
        claims.claim(case, by=claimed_by)
    case.refresh_from_db()
    return case


def make_twice_approved(*, device: Device | None = None, **facts: Any) -> Case:
    """A case that two moderators approved, published where that is the programme's policy."""
    case = make_case(device, **facts)
    first, second = make_moderator(case), make_moderator(case)
    cases.approve(claims.claim(case, by=first), by=first, checklist=CHECKED)
    return cases.confirm(claims.claim(case, by=second), by=second, checklist=CHECKED)


def make_clip(folder: Path, *, size: str = "854x480") -> dict[str, Path]:
    """A clip with a moving picture and a tone, and its poster, by profile; needs no person."""
    video, poster = folder / f"{uuid.uuid4()}.mp4", folder / f"{uuid.uuid4()}.jpg"
    source = f"testsrc2=size={size}:rate=15:duration={DURATION_S}"
    tone = f"sine=frequency=220:duration={DURATION_S}"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "15"]
    ending = ["-c:a", "aac", "-movflags", "+faststart", str(video)]
    quiet = ["ffmpeg", "-v", "error"]
    sources = ["-f", "lavfi", "-i", source, "-f", "lavfi", "-i", tone]
    subprocess.run([*quiet, *sources, *encode, *ending], check=True)
    subprocess.run([*quiet, "-i", str(video), "-frames:v", "1", str(poster)], check=True)
    return {"web_480": video, "first_look": video, "poster": poster}


def refused(step: Callable[[], object]) -> Problem:
    """The problem with which `step` is refused."""
    with pytest.raises(Problem) as caught:
        step()
    return caught.value


def actions(story: Story) -> list[str]:
    return list(Entry.objects.of(story.audit_subject).values_list("action", flat=True))


def take_over_later(case: Case) -> None:
    """Let the claim be older than it may be."""
    Case.objects.filter(pk=case.pk).update(claimed_at=timezone.now() - CLAIM_IDLE)


def signed_in(user: User) -> Client:
    """A browser at which the person has signed in."""
    client = Client()
    client.force_login(user)
    return client
