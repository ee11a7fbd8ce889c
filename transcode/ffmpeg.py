"""The media side of the engine: paths in, paths out, no rows.

media = probe(source)
first_look(source, media, target)
encode_set(source, media, {profile: folder / name for profile in renditions_for(media)})
"""

from dataclasses import dataclass

from transcode import sandbox
from transcode.encode import encode_set, first_look, poster, speech_audio
from transcode.faults import Cancelled, Fault, Killed, ToolMissing, Unplayable
from transcode.probe import AudioStream, Media, VideoStream, probe
from transcode.profiles import Profile, first_look_for, renditions_for, size_for
from transcode.sandbox import Limits

__all__ = [
    "AudioStream",
    "Availability",
    "Cancelled",
    "Fault",
    "Killed",
    "Limits",
    "Media",
    "Profile",
    "ToolMissing",
    "Unplayable",
    "VideoStream",
    "available",
    "encode_set",
    "first_look",
    "first_look_for",
    "poster",
    "probe",
    "renditions_for",
    "size_for",
    "speech_audio",
]


@dataclass(frozen=True)
class Availability:
    ok: bool
    detail: str


def available() -> Availability:
    """Whether ffmpeg and ffprobe run here, in which version, and which limits hold them."""
    lines: list[str] = []
    try:
        sandbox.tool("ffprobe")
        sandbox.run(["ffmpeg", "-version"], wall_s=10, limits=Limits(), on_line=lines.append)
    except (ToolMissing, Killed, Unplayable) as error:
        return Availability(ok=False, detail=str(error))
    version = " ".join(lines[0].split()[:3]) if lines else "ffmpeg, version unknown"
    held_by = " and ".join(sandbox.in_force()) or "nothing: install util-linux"
    return Availability(ok=True, detail=f"{version}, held by {held_by}")
