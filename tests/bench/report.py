"""The table of a run."""

from __future__ import annotations

from typing import Any, TextIO

from rich.console import Console
from rich.table import Table


def show(results: dict[str, Any], out: TextIO) -> None:
    """Ratios first: they are what a run on another machine can be compared by."""
    console = Console(file=out, width=None if out.isatty() else 120)
    met = results["conditions"]
    table = Table(title=f"{met['at']}, load {met['load_at_start'][0]:.1f}, {met['stolen']:.1%} of the time stolen")
    for heading in ("measure", "ours", "textbook", "engine only", "wanted"):
        table.add_column(heading, justify="left" if heading == "measure" else "right")
    _add_history(table, results.get("history", {}))
    _add_throughput(table, results.get("throughput", {}))
    for each in results.get("latency", []):
        wanted = "p99 < 78" if each["per_second"] == 5 else ""
        numbers = " / ".join(str(each[name]) for name in ("p50", "p95", "p99"))
        table.add_row(f"intake at {each['per_second']}/s, ms, p50 / p95 / p99{_stolen(each)}", numbers, "", "", wanted)
    for each in results.get("http", []):
        wanted = "p99 < 78" if each["per_second"] == 5 else "p99 < 150"
        numbers = " / ".join(str(each[name]) for name in ("p50", "p95", "p99"))
        label = f"filing by HTTP at {each['per_second']}/s, ms, p50 / p95 / p99{_stolen(each)}"
        table.add_row(label, numbers, "", "", wanted)
    if million := results.get("million"):
        _add_million(table, million)
    for name, each in results.get("pages", {}).items():
        table.add_row(
            f"page: {name}, cold, ms until usable, p50 / worst", f"{each['p50']} / {each['worst']}", "", "", "< 1,000"
        )
        table.add_row(
            "  kB over the wire", f"{each['bytes'] / 1000:.1f} in {each['requests']} requests", "", "", "< 150"
        )
    for name, each in results.get("memory", {}).items():
        table.add_row(
            f"idle open case, {name}, kB", str(each["kb_per_case"]), "", "", "≤ 100" if name == "cached" else "0"
        )
    if folded := results.get("fold"):
        table.add_row("cases a second as of their end", f"{folded['cases_per_second_at_the_end']:,}", "", "", "≥ 5,000")
        table.add_row("  as of a random moment", f"{folded['cases_per_second_at_a_random_moment']:,}", "", "", "")
        table.add_row("  ratio to bare validation of the events", str(folded["ratio_to_bare_validation"]), "", "", "")
    if replayed := results.get("replay"):
        for processes, each in replayed["processes"].items():
            rate = f"{each['ours']['per_second']} (SDK alone {each['bare']['per_second']})"
            table.add_row(f"histories replayed a second, processes: {processes}", rate, "", "", "")
            table.add_row("  ratio to the SDK's bare replayer", str(each["ratio_to_bare"]), "", "", "≥ 0.9")
        table.add_row("  two processes to one", str(replayed["scaling_to_two_processes"]), "", "", "")
    if logged := results.get("log"):
        _add_log(table, logged)
    if verified := results.get("verify"):
        _add_verify(table, verified)
    for part, each in results.get("recovery", {}).items():
        wanted = "< 3" if part.startswith("worker") else "< 10"
        table.add_row(f"next action after kill -9 of {part}, s, worst", str(each["max"]), "", "", wanted)
    if told := results.get("followers"):
        label = f"a reply of 60 kB to {told['followers']:,} followers, s until answered / heard by all"
        table.add_row(label, f"{told['answered']} / {told['everybody']}", "", "", "")
        table.add_row(
            "  heard once, more often", f"{told['heard_once']:,}, {told['heard_more_often']}", "", "", "all, 0"
        )
        grown = told["run_bytes"] - told["run_bytes_before"]
        table.add_row("  the lead's run grows by, kB", f"{grown / 1000:.0f}", "", "", "")
    console.print(table)


def _add_history(table: Table, histories: dict[str, Any]) -> None:
    for complexity, each in histories.items():
        for unit, wanted in (("events", "≤ 52"), ("bytes", "≤ 10,500")):
            numbers = [f"{each[name][unit]:,}" for name in ("ours", "textbook", "engine_only")]
            table.add_row(f"history of a {complexity} case, {unit}", *numbers, wanted)


def _add_throughput(table: Table, throughput: dict[str, Any]) -> None:
    for complexity, each in throughput.items():
        names = ("ours", "textbook", "engine_only")
        table.add_row(f"{complexity} cases per second", *(str(each[name]["per_second"]) for name in names), "")
        table.add_row(
            "  ratio, ours to it",
            "",
            str(each["ratios"]["textbook"]),
            str(each["ratios"]["engine_only"]),
            "≥ 2, ≥ 0.75",
        )
        counted = [str(len(each["undisturbed"][name])) for name in names[1:]]
        table.add_row("  rounds without stolen time", "", *counted, "")
        floor = each["engine_only_our_way"]["per_second"]
        told = f"{each['ratios']['engine_only_our_way']} of {floor}"
        table.add_row("  to engine only with our transport and executor", "", "", told, "")
        bound = each["ratios_of_an_empty_commit"]
        table.add_row(
            f"  of a commit that commits nothing, {each['empty_commit']['per_second']}/s",
            "",
            str(bound["textbook"]),
            str(bound["engine_only"]),
            "",
        )
        for part in each["ours"]["cpu_ms_per_case"]:
            spent = [str(each[name]["cpu_ms_per_case"][part]) for name in names]
            table.add_row(f"  CPU ms per case: {part}", *spent, "")


def _stolen(each: dict[str, Any]) -> str:
    return f" ({each['stolen']:.1%} stolen)" if each["stolen"] else ""


def _add_verify(table: Table, verified: dict[str, Any]) -> None:
    table.add_row("events verified per CPU second", f"{verified['events_per_cpu_second']:,}", "", "", "≥ 20,000")
    table.add_row("  ratio to bare hashing of their bytes", str(verified["ratio_to_bare_hashing"]), "", "", "")
    for events, peak in verified["peak_mb"].items():
        table.add_row(f"  peak of memory over {int(events):,} events, MB", str(peak), "", "", "flat")


def _add_log(table: Table, logged: dict[str, Any]) -> None:
    spent = logged["checkpoint_cpu_s"]
    table.add_row(f"checkpoint over {logged['heads']:,} heads, s", str(logged["checkpoint_s"]), "", "", "< 30")
    table.add_row("  CPU s: ours / database", f"{spent['ours']} / {spent['database']}", "", "", "")
    table.add_row("  CPU, ratio to bare hashing of the leaves", str(logged["cpu_ratio_to_bare_hashing"]), "", "", "")
    table.add_row("  when nothing changed, s", str(logged["unchanged_s"]), "", "", "")
    proof = logged["proof_ms"]
    table.add_row("proof for one case, ms, p50 / worst", f"{proof['p50']} / {proof['worst']}", "", "", "< 50")


def _add_million(table: Table, million: dict[str, Any]) -> None:
    for name, each in million["calls"].items():
        label = f"{name}, of {million['cases']:,} cases, ms, p50 / p99"
        table.add_row(label, f"{each['p50']} / {each['p99']}", "", "", "p99 < 100")
