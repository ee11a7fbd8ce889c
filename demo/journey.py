"""One interview's way through the house, a function for each stage."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from config.settings import VAR
from demo import clip, dressing, subtitles, traces
from demo.api import Json
from demo.cutter import Cutter
from demo.expectations import expect
from demo.house import House, manage
from demo.moderators import Moderator
from demo.organizer import Organizer
from demo.phone import Phone
from demo.recordings import Recording
from demo.report import Report
from demo.staff import COLLECTOR, COORDINATOR, MODERATORS, ORGANIZER, PROGRAMME, Staff
from demo.stick import Stick, unpack
from demo.wer import word_error_rate

FOLDER: Final = VAR / "demo"
PLACE: Final = "Demo town hall"
CUES_READ: Final = 2
NEEDS_PERSON: Final = "needs_person"
# Whisper base has this clip nearly right; above it, these are not the words of this clip.
WORST_WER: Final = 0.5


@dataclass(frozen=True)
class Cast:
    """Who takes part, and where the tale is told."""

    house: House
    staff: Staff
    report: Report

    def moderator(self, number: int) -> Moderator:
        return Moderator(self.staff.sign_in(MODERATORS[number - 1], self.house.url))


def take_recording(report: Report, *, video: Path | None, language: str | None) -> Recording:
    """Somebody's own film as it is, else the clip dressed as a phone's."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with report.stage("Recording") as stage:
        if video:
            stage.made = f"{video.name}, as it is"
            return Recording(video, language or clip.LANGUAGE, title=video.stem[:120])
        film = FOLDER / "interview.mp4"
        dressing.dress(clip.fetch(FOLDER), film, at=datetime.now(UTC))
        told = traces.traces_in(film)
        expect("rotation" in told and not traces.index_is_first(film), "the clip is not dressed")
        stage.say(f"tells {', '.join(_short(told))}")
        stage.made = f"as a phone writes it, {_size(film)}, {len(told)} traces of place and phone"
    spoken = language or clip.LANGUAGE
    said = clip.REFERENCE if spoken == clip.LANGUAGE else ""
    return Recording(film, spoken, title=clip.TITLE, reference=said)


def travel(cast: Cast, recording: Recording) -> None:
    """All stages in order; raises `Unexpected` at the first that does not do its work."""
    phone = enrol(cast)
    consent = ask_for_consent(cast, phone, language=recording.language)
    story = declare(cast, phone, consent, recording)
    upload(cast, phone, story, recording)
    work = process(cast, phone, story)
    if cast.moderator(1).transcript(story)["outcome"] == NEEDS_PERSON:
        recording = transcribe(cast, story, work, recording)
    approve(cast, story)
    confirm(cast, phone, story)
    stick = pack(cast, story)
    examine(cast, stick, recording)
    audit(cast)


def enrol(cast: Cast) -> Phone:
    with cast.report.stage("Coordinator enrols a phone") as stage:
        coordinator = cast.staff.sign_in(COORDINATOR, cast.house.url)
        collector = cast.staff.sign_in(COLLECTOR, cast.house.url).get("me")
        code = coordinator.post(
            f"programmes/{PROGRAMME}/enrolment-codes", collector=collector["id"], name="Demo phone"
        )
        phone = Phone.enrol(cast.house.url, code=code["code"])
        stage.made = f"a phone for {collector['username']}, by a one-time code"
    return phone


def ask_for_consent(cast: Cast, phone: Phone, *, language: str) -> Json:
    with cast.report.stage("Storyteller consents") as stage:
        storyteller = phone.declare_storyteller()
        text = phone.consent_text(language)
        spoken = dressing.spoken_consent(FOLDER / "consent.m4a")
        proof = Recording(spoken, language, title="Consent")
        consent = phone.record_consent(storyteller, text, proof)
        granted = sum(grant["allowed"] for grant in consent["grants"])
        stage.say(f"slip: {storyteller['slip_code']} (takes everything back, at any time)")
        stage.made = f"{granted} of {len(consent['grants'])} uses granted, with a spoken proof"
    return consent


def declare(cast: Cast, phone: Phone, consent: Json, recording: Recording) -> Json:
    with cast.report.stage("Phone declares the story") as stage:
        story = phone.declare_story(consent, recording)
        expect(story["status"] == "draft", f"the new story is {story['status']}")
        stage.made = f"story {story['id']}, {recording.language}"
    return story


def upload(cast: Cast, phone: Phone, story: Json, recording: Recording) -> None:
    with cast.report.stage("Phone uploads and submits") as stage:
        size, upload_id = recording.size_bytes, story["recording"]["upload"]

        def on_bytes(offset: int) -> None:
            stage.show("Bytes", offset / size, note=f"{offset:,} of {size:,}")

        with Cutter(cast.house.port, after_bytes=size // 2) as cutter:
            losses = phone.send(
                recording, upload_id=upload_id, through=cutter.url, on_bytes=on_bytes
            )
        expect(cutter.has_cut and losses, "the line was to be cut, and was not")
        again = cutter.carried - size
        stage.say(f"line cut after {cutter.after_bytes:,} bytes; {again:,} bytes were sent twice")
        expect(phone.upload(upload_id)["safe_to_delete"], "the phone may not delete its copy")
        submitted = phone.submit(story)
        expect(submitted["status"] != "draft", "the story was not submitted")
        stage.made = f"{size:,} bytes, cut once, {again:,} sent twice; verified, safe to delete"


def process(cast: Cast, phone: Phone, story: Json) -> Json:
    with cast.report.stage("Workers probe, encode, transcribe") as stage:
        work = cast.moderator(1).watch(story, stage)
        expect(phone.story(story)["status"] == "in_review", "the phone is told something else")
        failed = [step["title"] for step in work["stages"] if step["state"] == "failed"]
        expect("web_480" in _profiles(work) or "audio" in _profiles(work), f"failed: {failed}")
        stage.made = ", ".join(_profiles(work))
    return work


def transcribe(cast: Cast, story: Json, work: Json, recording: Recording) -> Recording:
    """What no machine writes down, a person does; returns the recording with what was written."""
    with cast.report.stage("First moderator transcribes") as stage:
        # A rendition may last a frame longer than the recording, and no cue may.
        duration_s = 0.9 * max(made["duration_s"] or 0 for made in work["renditions"])
        moderator = cast.moderator(1)
        stage.say(f"no machine: {moderator.transcript(story)['note']}")
        written = moderator.transcribe(story, subtitles.written(duration_s=duration_s))
        expect(written["outcome"] == "made", f"the transcript is {written['outcome']}")
        stage.made = f"{len(written['cues'])} cues from a file, in the place of the machine's"
    return replace(recording, reference=" ".join(subtitles.TEXT))


def approve(cast: Cast, story: Json) -> None:
    with cast.report.stage("First moderator approves") as stage:
        moderator = cast.moderator(1)
        dossier = moderator.claim(story)
        for cue in dossier["cues"][:CUES_READ]:
            stage.say(f"{cue['start_ms'] / 1000:6.2f} s  {' '.join(cue['text'].split())}")
        if not dossier["cues"]:
            stage.say(f"no transcript: {dossier['transcript']['note']}")
        watched = moderator.watch_footage(dossier)
        after = moderator.approve(dossier)
        expect(after["case"]["story"]["status"] == "in_review", "one approval must not be enough")
        stage.made = f"watched {watched:,} bytes, read {len(dossier['cues'])} cues"


def confirm(cast: Cast, phone: Phone, story: Json) -> None:
    with cast.report.stage("Second moderator confirms") as stage:
        moderator = cast.moderator(2)
        dossier = moderator.claim(story)
        moderator.watch_footage(dossier)
        moderator.confirm(dossier)
        status = phone.story(story)["status"]
        expect(status == "published", f"after two approvals the story is {status}")
        stage.made = "published"


def pack(cast: Cast, story: Json) -> Stick:
    with cast.report.stage("Organizer makes a package") as stage:
        organizer = Organizer(cast.staff.sign_in(ORGANIZER, cast.house.url))
        expect(organizer.find(story), "the catalogue lacks the published story")
        playlist = organizer.make_playlist(
            programme=PROGRAMME,
            name=f"Demo evening {datetime.now(UTC):%Y-%m-%d %H:%M}",
            place=PLACE,
            stories=[story["id"]],
        )
        package, target = organizer.make_package(playlist, stage), FOLDER / "package.zip"
        stopped_at = organizer.download(package, target)
        stick = unpack(target, FOLDER, sha256=package["sha256"], story=story["id"])
        stage.say(f"download stopped at {stopped_at:,} bytes, resumed: {target}")
        stage.made = f"{stick.files} files, {_size(target)}, all checksums right"
    return stick


def examine(cast: Cast, stick: Stick, recording: Recording) -> None:
    with cast.report.stage("What is left of the phone") as stage:
        before, left = traces.traces_in(recording.path), traces.traces_in(stick.film)
        expect(not left, f"the published film still tells: {', '.join(left)}")
        expect(traces.index_is_first(stick.film), "the published film's index is not at the front")
        stage.made = f"none of {len(before)} traces; index first"
        if recording.reference:
            rate = word_error_rate(recording.reference, stick.words)
            expect(rate <= WORST_WER, f"a word error rate of {rate:.0%}: {stick.words!r}")
            stage.made += f"; word error rate {rate:.1%}"


def audit(cast: Cast) -> None:
    with cast.report.stage("Audit trail") as stage:
        stage.made = manage("audit_verify")


def _profiles(work: Json) -> list[str]:
    return [rendition["profile"] for rendition in work["renditions"]]


def _short(names: list[str]) -> list[str]:
    return sorted({name.rpartition(":")[2] for name in names})


def _size(path: Path) -> str:
    return f"{path.stat().st_size:,} bytes"
