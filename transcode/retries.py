"""One step of the machines, wanted again by a person."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from audit import Actor
from common.errors import Conflict, NotFound
from stories.models import Story
from stories.states import Status
from transcode import jobs
from transcode.models import Job


class RetryTheStory(Conflict):
    code = "retry_the_story"
    title = _("Single steps are tried again only while the story is in review")


def retry(story: Story, kind: str, *, by: Actor) -> Job:
    """Want the story's last job of `kind`, which failed, once more.

    Raises `RetryTheStory` outside review: a failed story begins anew as a whole. Raises `NotFound`
    where no such step was begun, and `jobs.JobNotFailed`.
    """
    with transaction.atomic():
        held = Story.objects.locked().get(pk=story.pk)
        if held.status != Status.IN_REVIEW:
            raise RetryTheStory(_("If the story has failed, try the whole story again."))
        last = Job.objects.filter(group=held.pk, kind=kind).order_by("-created_at").first()
        if last is None:
            raise NotFound
        return jobs.retry(last, by=by)
