"""What the demo shows: each stage as it goes, and at the end a table of them."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

NARROWEST: Final = 100


@dataclass
class Stage:
    """One stage of the journey. `made` is what the table says came of it."""

    title: str
    bars: Progress
    made: str = ""
    seconds: float = 0.0
    _tasks: dict[str, TaskID] = field(default_factory=dict)

    def show(self, name: str, share: float, *, note: str = "") -> None:
        """A bar called `name`, at `share` of its way from 0 to 1."""
        if name not in self._tasks:
            self._tasks[name] = self.bars.add_task(f"  {escape(name)}", total=1.0, note="")
        self.bars.update(self._tasks[name], completed=share, note=escape(note))

    def say(self, text: str) -> None:
        """A line that stays."""
        self.bars.console.print(f"    {escape(text)}", style="dim", highlight=False)


class Report:
    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False)
        if not self.console.is_terminal:
            # Written to a file, Rich would assume 80 characters and break addresses.
            self.console.width = max(self.console.width, NARROWEST)
        self.stages: list[Stage] = []
        # The service's, once we have started one.
        self.log: Path | None = None

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """Show the stage while the block runs, with its time once it has ended well."""
        started = time.monotonic()
        with self._bars() as bars:
            bars.add_task(title, total=None, note="")
            stage = Stage(title, bars)
            yield stage
        stage.seconds = time.monotonic() - started
        self.stages.append(stage)
        number = f"{len(self.stages):2}"
        self.console.print(
            f"[green]✓[/green] {number} {escape(title)}: {escape(stage.made)} "
            f"[dim]({stage.seconds:.1f} s)[/dim]",
            soft_wrap=True,
        )

    def finish(self, *, pages: Mapping[str, str], logins: Mapping[str, str], how: str) -> None:
        """The tables at the end."""
        self.console.print(self._journey())
        self.console.print(_two_columns("Pages", pages))
        self.console.print(_two_columns("Logins (name, password)", logins))
        self.console.print(f"[bold]{escape(how)}[/bold]")

    def failed(self, reason: str) -> None:
        self.console.print(
            f"[bold red]✗ The demo stopped:[/bold red] {escape(reason)}", soft_wrap=True
        )
        if self.log:
            self.console.print(f"The service's log: {self.log}", soft_wrap=True)

    def _bars(self) -> Progress:
        return Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("[dim]{task.fields[note]}"),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )

    def _journey(self) -> Table:
        table = Table(title="From a phone to a town hall", title_justify="left")
        table.add_column("Stage")
        table.add_column("Time", justify="right")
        table.add_column("What was made")
        for stage in self.stages:
            table.add_row(escape(stage.title), f"{stage.seconds:.1f} s", escape(stage.made))
        total_s = sum(stage.seconds for stage in self.stages)
        table.add_section()
        table.add_row("All of it", f"{total_s:.1f} s", "")
        return table


def _two_columns(title: str, rows: Mapping[str, str]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    for name, value in rows.items():
        table.add_row(escape(name), escape(value))
    return table
