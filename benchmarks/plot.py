# SPDX-License-Identifier: MIT
"""Draw the times of one add and of lists: plot.py RESULTS.json PLOT.png. Requires matplotlib."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from matplotlib import pyplot

_ADD_COLOURS = {"service minimum": "#9aa5b1", "az … add": "#0b6bcb", "client with fixed 30-second waits": "#d9822b"}
_LABELS = {
    "az … add": "this extension",
    "az … apply": "this extension: apply",
    "one add per pod identity (calculated)": "one add each (calculated)",
}
_LIST_COLOURS = {"az … apply": "#0b6bcb", "one add per pod identity (calculated)": "#d9822b"}


def main(results: str, plot: str) -> None:
    """Read the figures and write the plot."""
    figures = json.loads(Path(results).read_text("utf-8"))
    canvas, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    _draw_one_add(left, _seconds(figures, "One add", _ADD_COLOURS))
    _draw_lists(right, _seconds(figures, "A list", _LIST_COLOURS))
    canvas.savefig(plot, dpi=120)


def _seconds(figures: list[dict[str, Any]], section: str, subjects: dict[str, str]) -> dict[str, dict[str, float]]:
    """Return the seconds by subject and case."""
    found: dict[str, dict[str, float]] = {subject: {} for subject in subjects}
    for each in figures:
        if each["section"] == section and each["subject"] in subjects and each["unit"] == "s":
            found[each["subject"]][each["case"]] = each["value"]
    return found


def _draw_one_add(axes: Any, seconds: dict[str, dict[str, float]]) -> None:
    width = 0.8 / len(seconds)
    for turn, (subject, by_case) in enumerate(seconds.items()):
        places = [place + turn * width for place in range(len(by_case))]
        bars = axes.bar(
            places,
            list(by_case.values()),
            width * 0.95,
            label=_LABELS.get(subject, subject),
            color=_ADD_COLOURS[subject],
        )
        axes.bar_label(bars, fmt="%.0f s")
        axes.set_xticks([place + width for place in range(len(by_case))], list(by_case))
    axes.set(title="Time to add one pod identity", ylabel="time (seconds)")
    axes.margins(y=0.25)
    axes.legend(loc="upper left")


def _draw_lists(axes: Any, seconds: dict[str, dict[str, float]]) -> None:
    for subject, by_case in seconds.items():
        for role, style in (("role missing", "-"), ("role exists", "--")):
            # As "40 identities, role exists". Cases with a limit of the service have three parts.
            points = sorted(
                (int(identities.split()[0]), value)
                for case, value in by_case.items()
                for identities, *conditions in [case.split(", ")]
                if conditions == [role]
            )
            sizes, values = zip(*points, strict=True)
            axes.plot(
                sizes,
                values,
                style,
                marker="o",
                color=_LIST_COLOURS[subject],
                label=f"{_LABELS[subject]}, {role}",
            )
    axes.set(
        title="Time to add a list of pod identities",
        xlabel="number of pod identities",
        ylabel="time (seconds)",
        xscale="log",
        yscale="log",
    )
    axes.set_xticks([1, 10, 40, 200], ["1", "10", "40", "200"])
    axes.minorticks_off()
    axes.legend()


if __name__ == "__main__":
    main(*sys.argv[1:])
