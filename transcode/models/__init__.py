"""What the machine works on, what it made, and who works."""

from transcode.models.job import Job, Queue, State
from transcode.models.renditions import Rendition, RenditionSet
from transcode.models.transcripts import Revision, Transcript
from transcode.models.worker import Worker

__all__ = [
    "Job",
    "Queue",
    "Rendition",
    "RenditionSet",
    "Revision",
    "State",
    "Transcript",
    "Worker",
]
