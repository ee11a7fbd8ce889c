"""`python -m bench [suite …]`: measure, print a table, keep it as JSON."""

import argparse
from typing import Final

from rich.console import Console

from bench import report
from bench.contest import NotComparable, Options, Row, Skipped
from bench.environment import KEPT
from bench.suites import SUITES

# Into a file Rich would write 80 columns.
WIDTH: Final = 140
console = Console(width=max(Console().width, WIDTH))


def main() -> int:
    """1 when a suite could not be compared; what is absent is only said."""
    asked = _asked()
    options = Options(rounds=asked.rounds, film_s=asked.film)
    results: dict[str, list[Row]] = {}
    remarks = list(filter(None, (_run(name, options, results) for name in asked.suite or SUITES)))
    console.print(report.table(results))
    for remark in remarks:
        console.print(remark, style="yellow")
    report.keep(results, KEPT / "bench.json", rounds=options.rounds)
    return 1 if any("failed" in remark for remark in remarks) else 0


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("suite", nargs="*", choices=[*SUITES, []], help="all unless named")
    usual = Options()
    parser.add_argument(
        "--rounds", type=int, default=usual.rounds, help="turns of each contender (%(default)s)"
    )
    parser.add_argument(
        "--film", type=int, default=usual.film_s, help="seconds of film to encode (%(default)s)"
    )
    return parser.parse_args()


def _run(name: str, options: Options, results: dict[str, list[Row]]) -> str:
    """Why there are no numbers; empty when there are."""
    try:
        with console.status(f"measuring {name} …"):
            results[name] = SUITES[name](options)
    except Skipped as missing:
        return f"{name} skipped: {missing}"
    except NotComparable as unlike:
        return f"{name} failed: {unlike}"
    return ""


if __name__ == "__main__":
    raise SystemExit(main())
