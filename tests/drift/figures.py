"""Writes ``docs/drift.md`` from the figures of ``bench-out/drift.json``; ``about.md`` beside this file is its standing text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from trial import LOUD, QUIET


def page_of(found: dict[str, dict[str, Any]]) -> str:
    about = Path(__file__).with_name("about.md").read_text(encoding="utf-8")
    figures = "\n\n".join((_portals(found), _kinds(found), _flows(found)))
    return about.replace("FIGURES\n", figures + "\n")


def _portals(found: dict[str, dict[str, Any]]) -> str:
    rows = [
        "| portal | date | pages | changed pages | parts used rightly | parts stopped by name | wrong | quiet changes through |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for slug, each in sorted(found.items()):
        quiet = each["quiet"]
        total = sum(quiet.values())
        rows.append(
            f"| {slug} | {each['at']} | {each['pages']} | {each['mutations']} | {each['parts']} | {each['stopped_parts']} "
            f"| {len(each['wrong'])} | {quiet.get('through', 0)} of {total} ({_percent(quiet.get('through', 0), total)}) |"
        )
    return "## Changed pages\n\n" + "\n".join(rows)


def _kinds(found: dict[str, dict[str, Any]]) -> str:
    rows = ["| kind | " + " | ".join(sorted(found)) + " |", "|---|" + "---|" * len(found)]
    for kind in QUIET + LOUD:
        cells = []
        for _, each in sorted(found.items()):
            count = each["kinds"].get(kind, {})
            cells.append(f"{count.get('through', 0)} / {count.get('stopped', 0)} / {count.get('wrong', 0)}")
        rows.append(f"| {kind if kind in QUIET else f'*{kind}*'} | " + " | ".join(cells) + " |")
    return (
        "By kind: pages on which all went through / on which a part was stopped by name / wrong. Loud kinds in italics.\n\n"
        + "\n".join(rows)
    )


def _flows(found: dict[str, dict[str, Any]]) -> str:
    rows = ["| portal | date | flows | through | quiet ones through | wrong |", "|---|---|---|---|---|---|"]
    stops = []
    for slug, each in sorted(found.items()):
        quiet = f"{each['quiet_flows_through']} of {each['quiet_flows']}"
        rows.append(
            f"| {slug} | {each['flows_at']} | {each['flows']} | {each['flows_through']} | {quiet} | {len(each['flows_wrong'])} |"
        )
        stops += [f"- {slug}, {stop}" for stop in each["flow_stops"]]
    return "## Whole flows\n\n" + "\n".join(rows) + "\n\nThose that did not go through stopped so:\n\n" + "\n".join(stops)


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "-"
