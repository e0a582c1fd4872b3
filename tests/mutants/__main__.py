"""``python -m tests.mutants [--sample N] [--seed N] [--json]``: of a sample of mutants, the share that some test notices.

Whatever was tried is remembered and not tried again, so that a run that was ended goes on, and a larger sample begins with the smaller one. Mutants
that no test can tell from the original stand with the reason in ``equivalent.toml``. It exits with 1 where too few were killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TextColumn
from rich.table import Table

from tests.mutants.changing import Mutant, in_order, mutants_of
from tests.mutants.covering import TESTED_BY, covered, digest_of
from tests.mutants.trying import Memory, Outcome, Tried, outcome_of

ROOT = Path(__file__).parents[2]
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
ENOUGH = 0.97


class Result(NamedTuple):
    """Of a sample: how many were killed of those that count, by part, and which survived. ``of`` leaves the equivalent ones out."""

    killed: Counter[str]
    of: Counter[str]
    survivors: list[Mutant]
    equivalent: int

    @property
    def share(self) -> float:
        """1 where there was nothing to kill."""
        return self.killed.total() / self.of.total() if self.of else 1.0


def part_of(mutant: Mutant) -> str:
    """The folder (or the one file) it is of."""
    path = Path(mutant.path)
    return (
        path.as_posix()
        if path.name in ("worktime.py", "codec.py")
        else "/".join(path.parts[: 3 if "petition" in path.parts else 2])
    )


def outcomes(seed: int, memory: Path, at_once: int, longest: float) -> Iterator[tuple[Mutant, Outcome]]:
    """Every mutant in the order of that seed, with what is known of it or tried now; several at once are shown to the tests."""
    memory.mkdir(parents=True, exist_ok=True)
    known, tests = Memory(memory / "tried.jsonl"), covered(ROOT, memory)
    of_tests = f"{digest_of(ROOT, TESTED_BY)} up to {longest} s"

    def found(mutant: Mutant) -> Tried:
        source = hashlib.sha256((ROOT / mutant.path).read_bytes()).hexdigest()
        outcome = known.of(mutant, source, of_tests) or outcome_of(mutant, ROOT, tests.tests_of(mutant, longest))
        return Tried(mutant.name, outcome, source, of_tests)

    order = in_order(mutants_of(ROOT), seed)
    with ThreadPoolExecutor(at_once) as pool:
        for first in range(0, len(order), at_once):
            few = order[first : first + at_once]
            for mutant, tried in zip(few, pool.map(found, few), strict=True):
                known.keep(tried)
                yield mutant, tried.outcome


def tried(options: argparse.Namespace, console: Console) -> Result:
    """The sample that is asked for."""
    equivalent: dict[str, str] = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8"))["equivalent"]
    result = Result(Counter(), Counter(), [], 0)
    size: int = options.sample
    with Progress(*Progress.get_default_columns(), TextColumn("{task.fields[said]}"), console=console) as bar:
        task = bar.add_task("mutants", total=size, said="")
        left = size
        for mutant, outcome in outcomes(options.seed, options.memory, options.at_once, options.longest):
            if outcome is Outcome.STILLBORN:
                continue
            left -= 1
            part = part_of(mutant)
            if outcome is Outcome.SURVIVED and mutant.name in equivalent:
                result = result._replace(equivalent=result.equivalent + 1)
            else:
                result.of[part] += 1
                result.killed[part] += outcome is Outcome.KILLED
                if outcome is Outcome.SURVIVED:
                    result.survivors.append(mutant)
                    bar.console.print(f"[yellow]survived[/] {escape(mutant.name)}", highlight=False, soft_wrap=True)
            bar.update(task, advance=1, said=f"{result.killed.total()} of {result.of.total()} killed")
            if not left:
                break
    return result


def show(result: Result, console: Console) -> None:
    """For a person."""
    table = Table("part", "killed", "of", "share", title="What the tests notice")
    for part, of in sorted(result.of.items()):
        table.add_row(part, str(result.killed[part]), str(of), f"{result.killed[part] / of:.0%}")
    table.add_section()
    table.add_row("all", str(result.killed.total()), str(result.of.total()), f"{result.share:.1%}")
    console.print(table)
    console.print(f"{result.equivalent} besides are equivalent to the original, with the reason in {EQUIVALENT.name}.")
    for mutant in result.survivors:
        console.print(f"[yellow]survived[/] {escape(mutant.name)}", highlight=False, soft_wrap=True)


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", type=Path, default=ROOT / "var" / "mutants")
    parser.add_argument("--at-once", type=int, default=2)
    parser.add_argument(
        "--longest",
        type=float,
        default=math.inf,
        help="leave out tests that take more seconds: quicker, and never kinder",
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    console = Console(stderr=options.json)
    result = tried(options, console)
    if options.json:
        print(
            json.dumps(
                {
                    "seed": options.seed,
                    "sample": options.sample,
                    "killed": result.killed.total(),
                    "of": result.of.total(),
                    "share": result.share,
                    "equivalent": result.equivalent,
                    "parts": {part: {"killed": result.killed[part], "of": of} for part, of in result.of.items()},
                    "survived": [mutant.name for mutant in result.survivors],
                },
                ensure_ascii=False,
                indent=2,
            )
        )
    else:
        show(result, console)
    return 0 if result.share >= ENOUGH else 1


if __name__ == "__main__":
    sys.exit(main())
