"""The people who look at a story and decide: one approves, another confirms."""

from typing import Final

from demo.api import Api, Json
from demo.expectations import Patience, Unexpected, expect
from demo.report import Stage

# Whisper on a slow machine says nothing for a while.
IDLE_S: Final = 600
SIGNED_MEDIA: Final = "/media/"
ENDED: Final = {"done", "failed", "cancelled"}


class Moderator:
    def __init__(self, api: Api) -> None:
        self.api = api

    def watch(self, story: Json, stage: Stage) -> Json:
        """Follow the machines' work on the story until it is in review and all of it has ended.

        Returns what `/processing` says then.
        """
        patience = Patience(idle_s=IDLE_S, what="waiting for the workers")
        while True:
            now = self.api.get(f"stories/{story['id']}")
            expect(now["status"] != "failed", f"the story failed: {now['failure_reason']}")
            work = self.api.get(f"stories/{story['id']}/processing")
            _show(work, stage)
            if now["status"] == "in_review" and _has_ended(work):
                return work
            patience.wait((now["status"], work["stages"]))

    def claim(self, story: Json) -> Json:
        """The dossier of the story's open case, claimed."""
        case = self._case_of(story)
        return self.api.post(f"cases/{case['id']}/claim")

    def watch_footage(self, dossier: Json) -> int:
        """Fetch the whole rendition that the case shows through its signed URL; its bytes."""
        url = dossier["footage"]["media_url"]
        expect(url.startswith(SIGNED_MEDIA), "the case shows nothing that can be played")
        answer = self.api.http.get(url, headers={"Authorization": ""})
        expect(answer.status_code == 200, f"the film was answered {answer.status_code}")
        expect(len(answer.content) > 0, "the film is empty")
        return len(answer.content)

    def transcript(self, story: Json) -> Json:
        return self.api.get(f"stories/{story['id']}/transcript")

    def transcribe(self, story: Json, srt: bytes) -> Json:
        """Put a subtitle file where there is no transcript yet."""
        path = f"stories/{story['id']}/transcript.srt"
        return self.api.put_file(path, srt, content_type="application/x-subrip")

    def approve(self, dossier: Json) -> Json:
        return self._decide("approve", dossier)

    def confirm(self, dossier: Json) -> Json:
        return self._decide("confirm", dossier)

    def _decide(self, verdict: str, dossier: Json) -> Json:
        checklist = [item["code"] for item in dossier["checklist"]]
        return self.api.post(f"cases/{dossier['case']['id']}/{verdict}", checklist=checklist)

    def _case_of(self, story: Json) -> Json:
        page = self.api.get("cases", state="open")
        while True:
            for case in page["results"]:
                if case["story"]["id"] == story["id"]:
                    found: Json = case
                    return found
            if not page["next"]:
                raise Unexpected("the story is in review and no moderator's case is about it")
            page = self.api.follow(page["next"])


def _show(work: Json, stage: Stage) -> None:
    for step in work["stages"]:
        stage.show(step["title"], step["progress"], note=step["reason"] or step["state"])


def _has_ended(work: Json) -> bool:
    return all(step["state"] in ENDED for step in work["stages"])
