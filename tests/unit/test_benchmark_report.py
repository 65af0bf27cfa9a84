# SPDX-License-Identifier: MIT
"""The report of the benchmarks."""

from __future__ import annotations

from benchmarks.cloud import spread
from benchmarks.figures import Figure, median
from benchmarks.report import markdown
from benchmarks.results import merged

ADD = median("One add", "role exists", "az … add, times the service minimum", [1.2, 1.01, 1.04], bound=1.05)
LOST = Figure("Many writers", "20 writers", "entries lost", 2, bound=0)
SECONDS = Figure("Many writers", "20 writers", "until the last one is done", 123.45, "s")


def test_table_has_row_per_figure_with_verdict() -> None:
    table = markdown([ADD, LOST, SECONDS], "2 cores")

    assert table.startswith("Measured on: 2 cores\n\nThe service minimum is ")
    assert "\n\n## One add\n\n| case " in table
    assert "| role exists | az … add, times the service minimum | 1.04 | 3 | 1.05 | kept |\n" in table
    assert "| 20 writers | entries lost | 2 | 1 | 0 | MISSED |\n" in table
    assert "| 20 writers | until the last one is done | 123.5 s | 1 |  |  |\n" in table
    assert table.count("## Many writers") == 1


def test_measured_sections_replace_kept_ones() -> None:
    again = Figure("Many writers", "20 writers", "entries lost", 0, bound=0)

    assert merged([ADD, LOST, SECONDS], [again]) == [ADD, again]


def test_durations_spread_around_medians() -> None:
    times = spread(5)

    assert (times[2].operation, times[2].propagation) == (81, 20)
    assert [round(each.operation) for each in times] == [73, 77, 81, 85, 89]
    assert [round(each.propagation) for each in times] == [32, 26, 20, 14, 8]
