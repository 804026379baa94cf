"""From results to the figures that are shown: docs/picture-truth.md and measured.json."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

from picture_truth.intervals import poisson_rate, upper_bound, wilson

ROOT = Path(__file__).resolve().parents[2]
DOC = ROOT / "docs" / "picture-truth.md"
MEASURED = ROOT / "src" / "satukota" / "rules" / "picture_truth" / "measured.json"
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
LOOKS_A_DAY = 2880
EMPTY, MOVED = {"black", "no_signal", "white_out"}, {"turned", "view_lost", "covered", "blocked"}
# An alarm counts as finding a fault only under a name that sends the right person to look for the right thing.
NAMED_RIGHTLY = {
    "black": EMPTY,
    "one": EMPTY,
    "white-out": EMPTY,
    "covered": {"covered", "view_lost", "blocked", *EMPTY},
    "defocused": {"defocused", "covered"},
    "drops": {"defocused", "covered"},
    "dirty": {"defocused", "covered"},
    "frozen": {"frozen"},
}


def write(results: Path) -> None:
    halves = {p.stem: json.loads(p.read_text()) for p in sorted(results.glob("*.json"))}
    figures = _figures(halves)
    MEASURED.write_text(json.dumps(figures, indent=1, ensure_ascii=False) + "\n")
    text = DOC.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOC.write_text(f"{before}{BEGIN}\n{_markdown(figures, halves)}\n{END}{after}")


def _figures(halves: dict[str, Any]) -> dict[str, Any]:
    figures: dict[str, Any] = {"looks_every_s": 30, "alarm": "two consecutive looks called fault"}
    if "rendered" in halves:
        half = halves["rendered"]
        figures["rendered"] = {
            "measured_on": half["measured_on"],
            "cameras": half["cameras"],
            "faults": _faults(half["episodes"]),
            "calm": _calm([calm for calms in half["calm"].values() for calm in calms] + half["days"]),
        }
    if "clips" in halves:
        half = halves["clips"]
        figures["filtered"] = {
            "measured_on": half["measured_on"],
            "cameras": half["cameras"],
            "faults": _faults(half["episodes"]),
            "calm": _calm([calm for calms in half["calm"].values() for calm in calms]),
        }
        real = list(half["real"].values())
        figures["real"] = {
            "measured_on": half["measured_on"],
            "cameras": half["cameras"],
            "calm": _calm(real, hours=sum(calm["hours"] for calm in real)),
        }
    return figures


def _faults(episodes: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    rows = {}
    for fault in dict.fromkeys(episode["fault"] for episode in episodes):
        mine = [episode for episode in episodes if episode["fault"] == fault]
        delays = [episode["looks"] for episode in mine if _is_found(episode)]
        within = mine[0]["within"]
        low, high = wilson(len(delays), len(mine))
        rows[fault] = {
            "tried": len(mine),
            "found": len(delays),
            "low": round(low, 3),
            "high": round(high, 3),
            "median_looks": median(delays) if delays else None,
            "slowest_looks": max(delays, default=None),
            "wanted_looks": within or None,
            "in_time": sum(delay <= within for delay in delays) if within else None,
            "missed": [f"{e['condition']}, {e['camera']}" for e in mine if not _is_found(e)],
        }
    return rows


def _is_found(episode: dict[str, Any]) -> bool:
    rightly = NAMED_RIGHTLY.get(episode["fault"].replace(",", "").split()[0], MOVED)
    return episode["looks"] is not None and episode["cause"] in rightly


def _calm(calms: list[dict[str, Any]], hours: float | None = None) -> dict[str, Any]:
    looks = sum(calm["looks"] for calm in calms)
    alarms = sum(calm["alarms"] for calm in calms)
    hours = looks * 24 / LOOKS_A_DAY if hours is None else hours
    low, high = poisson_rate(alarms, hours / 24)
    return {
        "looks": looks,
        "hours": round(hours, 3),
        "false_alarms": alarms,
        "single_fault_looks": sum(calm["single_faults"] for calm in calms),
        "unverified_looks": sum(calm["unverified"] for calm in calms),
        "per_camera_day_low": round(low, 3),
        "per_camera_day_high": round(high, 3),
        "per_camera_day_upper_one_sided": round(upper_bound(alarms, hours / 24), 3),
    }


def _markdown(figures: dict[str, Any], halves: dict[str, Any]) -> str:
    parts = []
    titles = {"rendered": "Rendered streets", "filtered": "Real clips, faults made by filters"}
    for kind, title in titles.items():
        if kind in figures:
            parts.append(_fault_table(title, figures[kind]))
    parts.append(_calm_table(figures))
    for kind, half in (("rendered", "rendered"), ("filtered", "clips")):
        if half in halves:
            parts.append(_condition_table(titles[kind], halves[half]))
    missed = [
        f"- {kind}, {name}: {'; '.join(row['missed'])}"
        for kind in titles
        if kind in figures
        for name, row in figures[kind]["faults"].items()
        if row["missed"] and len(row["missed"]) < row["tried"]
    ]
    parts.append("### Missed\n\nFaults missed everywhere are in the tables with 0 found.\n\n" + "\n".join(missed))
    return "\n\n".join(parts)


def _fault_table(title: str, half: dict[str, Any]) -> str:
    lines = [
        f"### {title}: faults ({half['cameras']} cameras not tuned on, {half['measured_on']})",
        "",
        "| fault | found / episodes | 95 % Wilson | looks to the alarm, median / slowest | wanted within | in time |",
        "|---|---|---|---|---|---|",
    ]
    for name, row in half["faults"].items():
        delay = f"{row['median_looks']:g} / {row['slowest_looks']}" if row["found"] else "-"
        wanted = f"{row['wanted_looks']} looks" if row["wanted_looks"] else "-"
        in_time = f"{row['in_time']} / {row['tried']}" if row["wanted_looks"] else "-"
        lines.append(
            f"| {name} | {row['found']} / {row['tried']} | {row['low']:.2f} to {row['high']:.2f} | {delay} "
            f"| {wanted} | {in_time} |"
        )
    return "\n".join(lines)


def _calm_table(figures: dict[str, Any]) -> str:
    lines = [
        "### No fault: false alarms",
        "",
        "| footage | camera time, h | looks | false alarms | per camera-day, exact 95 % | one-sided 95 % upper "
        "| single fault looks | unverified looks |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in ("rendered", "filtered", "real"):
        if kind in figures:
            calm = figures[kind]["calm"]
            rate = f"{calm['per_camera_day_low']:g} to {calm['per_camera_day_high']:g}"
            lines.append(
                f"| {kind} | {calm['hours']:g} | {calm['looks']} | {calm['false_alarms']} | {rate} "
                f"| {calm['per_camera_day_upper_one_sided']:g} | {calm['single_fault_looks']} "
                f"| {calm['unverified_looks']} |"
            )
    return "\n".join(lines)


def _condition_table(title: str, half: dict[str, Any]) -> str:
    lines = [
        f"### {title}: looks without fault, by condition",
        "",
        "| condition | looks | false alarms | single fault looks | unverified looks |",
        "|---|---|---|---|---|",
    ]
    rows = dict(half["calm"])
    if half.get("days"):
        rows["whole days, with dusk, night, dawn, showers"] = half["days"]
    for condition, calms in rows.items():
        sums = [sum(calm[key] for calm in calms) for key in ("looks", "alarms", "single_faults", "unverified")]
        lines.append(f"| {condition} | " + " | ".join(str(value) for value in sums) + " |")
    return "\n".join(lines)
