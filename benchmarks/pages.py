# SPDX-License-Identifier: MIT
"""The tables of README.md and docs/ that show figures of `results.json`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from azure_simulator.settings import SCALE_SET_LIMIT
from benchmarks import contention, role_waits, trials, writes
from benchmarks.figures import Figure
from benchmarks.report import number
from benchmarks.results import load

_SIZES = (1, 40, 200)
_LONGEST = 200


def blocks() -> Mapping[str, Callable[[], str]]:
    """Return the functions that write the tables, by the name in the page."""
    return {
        "results.json, add and apply": _adds,
        "results.json, new roles": lambda: _section(role_waits.SECTION),
        "results.json, many adds": _many_adds,
        "results.json, trials": _trials,
        "results.json, summary": _summary,
    }


def _adds() -> str:
    rows = [_add_row(role) for role in ("role exists", "role missing")]
    rows += [_apply_row(f"{_identities(size)}, role exists", f"`apply` of {size}, roles exist") for size in _SIZES]
    rows.append(_apply_row(f"{_identities(_LONGEST)}, role missing", f"`apply` of {_LONGEST}, roles missing"))
    limited = f"{_identities(_LONGEST)}, {SCALE_SET_LIMIT} in one request, role exists"
    rows.append(_apply_row(limited, f"`apply` of {_LONGEST}, {SCALE_SET_LIMIT} in one request, roles exist"))
    head = ("what", "this extension", "fixed 30-second waits", "times the minimum", "bound")
    return _table((*head, "cluster writes", "429 answers", "requests"), rows)


def _add_row(role: str) -> tuple[str, ...]:
    def of(name: str) -> Figure:
        return _find(writes.ONE, role, name)

    times = of(f"{writes.ADD}, {writes.TIMES}")
    sent = [number(of(f"{writes.ADD}, {each}").value) for each in writes.SENT]
    fixed = of(writes.FIXED_WAITS)
    seconds = of(writes.ADD)
    return (f"one `add`, {role}", _seconds(seconds), _seconds(fixed), *_bounded(times), *sent)


def _apply_row(case: str, what: str) -> tuple[str, ...]:
    times = _find(writes.MANY, case, f"{writes.APPLY}, {writes.TIMES}")
    sent = [number(_find(writes.MANY, case, each).value) for each in writes.SENT]
    return (what, _seconds(_find(writes.MANY, case, writes.APPLY)), "", *_bounded(times), *sent)


def _many_adds() -> str:
    rows = []
    for case in map(str, contention.CASES):
        found = [_find(contention.SECTION, case, each) for each in contention.SHOWN]
        rows.append((case, *(cell for each in found for cell in _bounded(each))))
    head = (cell for each in contention.SHOWN for cell in (each, "bound"))
    return _table(("case", *head), rows)


def _section(section: str) -> str:
    rows = [(each.case, each.subject, *_bounded(each)) for each in load() if each.section == section]
    return _table(("case", "figure", "value", "bound"), rows, texts=2)


def _trials() -> str:
    rows = [(each.case, number(each.runs), number(each.value)) for each in _of_trials()]
    return _table(("what was tried", "trials", "lost, or no way forward"), rows)


def _of_trials() -> Iterator[Figure]:
    """Yield the figure of each kind of trial that must be 0."""
    return (each for each in load() if each.section == trials.SECTION and each.bound == 0)


def _summary() -> str:
    exists, longest = "role exists", f"{_identities(_LONGEST)}, role exists"
    apply, adds = (_find(writes.MANY, longest, each) for each in (writes.APPLY, writes.ADDS))
    tried = sum(each.runs for each in _of_trials())
    lost = sum(each.value for each in _of_trials())
    rows = [
        (f"`add`, if the {exists}", _one(exists), "writes"),
        ("`add`, if the role is missing", _one("role missing"), "writes"),
        (
            f"`apply` of {_LONGEST} pod identities, if the roles exist",
            f"{_seconds(apply)}; {_LONGEST} times `add` would take {adds.value / 3600:.1f} hours",
            "writes",
        ),
        ("10 `add` in a row, new roles", _cost(contention.IN_A_ROW), "contention"),
        ("20 `add` at once, new roles", _cost(contention.AT_ONCE), "contention"),
        (
            "`check` of 40 pod identities",
            f"{number(_find('A check', '40 pod identities', 'requests').value)} requests",
            "check",
        ),
        (
            "failed requests, killed commands, concurrent writers",
            f"{number(lost) if lost else 'nothing'} lost in {tried} trials",
            "trials",
        ),
    ]
    return _table(
        ("what", "result", "command"), [(*cells, f"`./benchmarks/run {name}`") for *cells, name in rows], texts=3
    )


def _one(role: str) -> str:
    times = _find(writes.ONE, role, f"{writes.ADD}, {writes.TIMES}").value
    return f"{_seconds(_find(writes.ONE, role, writes.ADD))}: {times:.2f} times the service minimum"


def _cost(case: contention.Case) -> str:
    failed, written, throttled = (
        number(_find(contention.SECTION, str(case), each).value) for each in contention.SHOWN[:3]
    )
    return f"{failed} failed, {written} cluster writes, {throttled} times 429"


def _identities(count: int) -> str:
    return writes.Case(writes.APPLY, count, granted=True).name.partition(",")[0]


def _find(section: str, case: str, subject: str) -> Figure:
    """Return the figure. Raise LookupError with its name if it was not measured."""
    wanted = (section, case, subject)
    found = next((each for each in load() if (each.section, each.case, each.subject) == wanted), None)
    if found is None:
        raise LookupError(f"benchmarks/results.json does not contain {' / '.join(wanted)}.")
    return found


def _seconds(figure: Figure) -> str:
    return f"{figure.value:.1f} s"


def _bounded(figure: Figure) -> tuple[str, str]:
    return number(figure.value), "" if figure.bound is None else number(figure.bound)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]], texts: int = 1) -> str:
    """Return the table as Markdown; columns after the first `texts` ones contain numbers."""
    lines = [head, (*("---",) * texts, *("---:",) * (len(head) - texts)), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
