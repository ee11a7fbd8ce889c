"""Contenders that take turns on a machine whose speed changes while one looks."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal, Self

Work = Callable[[], object]


class Skipped(Exception):
    """A suite can't be measured here; the message says what is missing."""


class NotComparable(Exception):
    """The contenders did not do the same work, so their times mean nothing beside each other."""


@dataclass(frozen=True)
class Options:
    """`film_s` is the length of the film to encode."""

    rounds: int = 3
    film_s: int = 12


@dataclass(frozen=True)
class Cost:
    """`cpu_s` counts this process and the children it has waited for, user and system."""

    wall_s: float
    cpu_s: float


Costs = dict[str, list[Cost]]


def take_turns(
    contenders: Mapping[str, Work], *, rounds: int, before_each: Work = lambda: None
) -> Costs:
    """Run each contender once a round, every other round in reverse; `before_each` isn't timed."""
    costs: Costs = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[:: -1 if number % 2 else 1]:
            before_each()
            costs[name].append(cost_of(contenders[name]))
    return costs


def cost_of(work: Work) -> Cost:
    cpu_s, started = _cpu_s(), time.perf_counter()
    work()
    return Cost(wall_s=time.perf_counter() - started, cpu_s=_cpu_s() - cpu_s)


def _cpu_s() -> float:
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def walls(costs: list[Cost]) -> list[float]:
    return [cost.wall_s for cost in costs]


def cpus(costs: list[Cost]) -> list[float]:
    return [cost.cpu_s for cost in costs]


def rates(amount: float, costs: list[Cost]) -> list[float]:
    """How much of `amount` a second of wall time did, a number a round."""
    return [amount / cost.wall_s for cost in costs]


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table. `ours` and `theirs` are medians in `unit`.

    `ratio` is the median of the rounds' own ratios (ours / theirs of the same round), which bears
    a machine that slows down half-way; `lowest` and `highest` are the extremes among the rounds.
    """

    what: str
    unit: str
    ours: float
    beside: str = ""
    theirs: float | None = None
    ratio: float | None = None
    lowest: float | None = None
    highest: float | None = None
    better: Literal["less", "more", ""] = ""
    note: str = ""

    @classmethod
    def pairing(cls, ours: list[float], theirs: list[float], **said: Any) -> Self:
        """`said` is the rest of the row."""
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        return cls(
            ours=median(ours),
            theirs=median(theirs),
            ratio=median(ratios),
            lowest=min(ratios),
            highest=max(ratios),
            **said,
        )

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)
