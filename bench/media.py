"""Our encode beside ffmpeg alone, and beside one process for each rendition."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from django.conf import settings

from bench import recordings
from bench.contest import Costs, NotComparable, Options, Row, cpus, take_turns, walls
from bench.environment import VAR
from transcode import ffmpeg, graph
from transcode.ffmpeg import Limits, Media, Profile

CONTENDERS: Final = ("ours", "bare", "apart", "first look")
Targets = Mapping[Profile, Path]


def measure(options: Options) -> list[Row]:
    film = recordings.phone_film(VAR, seconds=options.film_s)
    media = ffmpeg.probe(film)
    targets = {name: _targets(name, media) for name in CONTENDERS}
    contenders = {
        "ours": lambda: _job(film, targets["ours"]),
        "bare": lambda: _one_pass(film, media, targets["bare"]),
        "apart": lambda: _apart(film, media, targets["apart"]),
        "first look": lambda: ffmpeg.first_look(film, media, VAR / "first_look.mp4"),
    }
    costs = take_turns(contenders, rounds=options.rounds)
    frames = _same_frames([targets["ours"], targets["bare"], targets["apart"]])
    return _rows(costs, note=frames, film_s=media.duration_s)


def _targets(name: str, media: Media) -> Targets:
    folder = VAR / name
    folder.mkdir(exist_ok=True)
    profiles = ffmpeg.renditions_for(media)
    return {profile: folder / f"{profile.name}{profile.suffix}" for profile in profiles}


def _job(film: Path, targets: Targets) -> None:
    """What the handler of `renditions` does with files: probe, encode, judge."""
    media = ffmpeg.probe(film)
    ffmpeg.encode_set(film, media, targets, threads=settings.WORKER_THREADS)


def _one_pass(film: Path, media: Media, targets: Targets) -> None:
    threads = settings.WORKER_THREADS
    node = graph.source(film, limits=Limits(), threads=threads)
    recordings.run(graph.command(graph.renditions(node, media, targets, threads=threads)))


def _apart(film: Path, media: Media, targets: Targets) -> None:
    for profile, target in targets.items():
        _one_pass(film, media, {profile: target})


def _same_frames(made: list[Targets]) -> str:
    """How many frames each rendition has; raises NotComparable unless all made the same."""
    counts = [{profile.name: _frames(path) for profile, path in one.items()} for one in made]
    if any(count != counts[0] for count in counts):
        raise NotComparable(f"the contenders' frames differ: {counts}")
    return "frames: " + ", ".join(f"{name} {count}" for name, count in counts[0].items())


def _frames(path: Path) -> int:
    video = ffmpeg.probe(path).video
    return video.frames if video else 0


def _rows(costs: Costs, *, note: str, film_s: float) -> list[Row]:
    ours, bare, apart = (costs[name] for name in ("ours", "bare", "apart"))
    first_look_s, first_look_cpu_s = (median(of(costs["first look"])) for of in (walls, cpus))
    one_pass = {"unit": "s", "beside": "bare ffmpeg, one pass", "better": "less"}
    each_alone = {"unit": "CPU s", "beside": "a process each rendition", "better": "less"}
    return [
        Row.pairing(walls(ours), walls(bare), what="renditions", note=note, **one_pass),
        Row.pairing(cpus(ours), cpus(bare), what="renditions", **one_pass | {"unit": "CPU s"}),
        Row.pairing(cpus(ours), cpus(apart), what="renditions", **each_alone),
        Row(
            what="first look",
            unit="s",
            ours=first_look_s,
            beside="the film's length",
            theirs=film_s,
            ratio=first_look_s / film_s,
            better="less",
            note=f"{first_look_cpu_s:.1f} CPU s",
        ),
    ]
