"""The table on the terminal, and the same in `bench.json`."""

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from bench.contest import Row

Results = Mapping[str, list[Row]]
COLUMNS = ("", "ours", "theirs", "ratio", "of rounds", "better", "beside", "")


def table(results: Results) -> Table:
    drawn = Table(*COLUMNS, title=f"{os.cpu_count()} cores; medians")
    for suite, rows in results.items():
        drawn.add_section()
        drawn.add_row(f"[bold]{suite}")
        for row in rows:
            drawn.add_row(*_cells(row))
    return drawn


def _cells(row: Row) -> tuple[str, ...]:
    spread = f"{row.lowest:.2f}-{row.highest:.2f}" if row.lowest and row.highest else ""
    theirs = "" if row.theirs is None else _number(row.theirs, row.unit)
    ratio = "" if row.ratio is None else f"[bold]{row.ratio:.2f}"
    ours = _number(row.ours, row.unit)
    return (row.what, ours, theirs, ratio, spread, row.better, row.beside, row.note)


def _number(value: float, unit: str) -> str:
    return f"{value:,.{0 if value >= 100 else 1 if value >= 10 else 2}f} {unit}"


def keep(results: Results, path: Path, *, rounds: int) -> None:
    kept = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "rounds": rounds,
        "suites": {name: [row.facts for row in rows] for name, rows in results.items()},
    }
    path.write_text(json.dumps(kept, indent=2) + "\n")
