# SPDX-License-Identifier: MIT
"""The part of the Kusto Query Language that a client needs to find clusters, and nothing else.

A query is `resources`, followed by any of these after a `|`: `where` with comparisons joined by `and`, `project`,
`order by` (or `sort by`) and `limit` (or `take`). Everything else is refused, so that the simulator only
accepts queries that are known to be correct. Operators behave as in the language's reference: `==`, `!=` and
`in` compare letter case, `=~`, `!~`, `in~`, `contains`, `startswith` and `has` do not. A path that does not exist is
null.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

Row = dict[str, Any]
Step = Callable[[list[Row]], list[Row]]

_PATH = r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*"
_VALUE = r"'[^']*'|\"[^\"]*\"|true|false|\d+"
_CAST = rf"(?:(?:tostring|tobool|tolower)\(\s*(?P<cast>{_PATH})\s*\)|(?P<path>{_PATH}))"
_COMPARISON = re.compile(
    rf"(?P<not>not\s*\(\s*)?(?:{_CAST}\s*(?P<operator>==|=~|!=|!~|contains|startswith|has)\s*(?P<value>{_VALUE})"
    rf"|(?P<member>{_PATH})\s+in(?P<caseless>~?)\s*\((?P<values>[^)]*)\)"
    rf"|(?P<check>isnotnull|isnull|isnotempty|isempty)\(\s*(?P<checked>{_PATH})\s*\))(?(not)\s*\))",
    re.IGNORECASE,
)
_COLUMN = re.compile(rf"(?:(?P<name>\w+)\s*=\s*)?(?P<path>{_PATH})")
_ORDER = re.compile(r"(?:order|sort)\s+by\s+(?P<column>\w+)(?:\s+(?P<direction>asc|desc))?", re.IGNORECASE)
_LIMIT = re.compile(r"(?:limit|take)\s+(?P<count>\d+)", re.IGNORECASE)


class QueryError(ValueError):
    """The query is not understood. `position` is the character at which that shows."""

    def __init__(self, position: int) -> None:
        super().__init__(f"parser failure at {position}")
        self.position = position


def run(query: str, rows: list[Row]) -> list[Row]:
    """Return the rows that a query finds. Raise QueryError if the grammar does not have it."""
    table, *steps = _split(query, "|")
    if table.strip().lower() != "resources":
        raise QueryError(0)
    for step in steps:
        rows = _parse(step.strip(), query)(rows)
    return rows


def _parse(step: str, query: str) -> Step:
    word, _, rest = step.partition(" ")
    if word.lower() == "where":
        tests = [_comparison(part.strip(), query) for part in re.split(r"\s+and\s+", rest, flags=re.IGNORECASE)]
        return lambda rows: [row for row in rows if all(test(row) for test in tests)]
    if word.lower() == "project":
        columns = [_column(part.strip(), query) for part in _split(rest, ",")]
        return lambda rows: [{name: _at(row, path) for name, path in columns} for row in rows]
    if order := _ORDER.fullmatch(step):
        # The language's default is descending.
        descending = (order["direction"] or "desc").lower() == "desc"
        return lambda rows: sorted(rows, key=lambda row: str(row.get(order["column"])).lower(), reverse=descending)
    if limit := _LIMIT.fullmatch(step):
        return lambda rows: rows[: int(limit["count"])]
    raise QueryError(query.find(step))


def _comparison(text: str, query: str) -> Callable[[Row], bool]:
    match = _COMPARISON.fullmatch(text)
    if match is None:
        raise QueryError(query.find(text))
    negated = match["not"] is not None
    test = _test(match)
    return lambda row: test(row) is not negated


def _test(match: re.Match[str]) -> Callable[[Row], bool]:
    if match["check"]:
        wants_some, path = "not" in match["check"].lower(), match["checked"]
        return lambda row: (_at(row, path) not in (None, "", [], {})) is wants_some
    if match["member"]:
        fold = _lower if match["caseless"] else _same
        members = [fold(_literal(value)) for value in re.findall(_VALUE, match["values"])]
        return lambda row: fold(_at(row, match["member"])) in members
    path, value = match["cast"] or match["path"], _literal(match["value"])
    compare = _OPERATORS[match["operator"].lower()]
    return lambda row: compare(_at(row, path), value)


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _same(value: object) -> object:
    return value


_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "=~": lambda one, other: _lower(one) == _lower(other),
    "!~": lambda one, other: _lower(one) != _lower(other),
    "contains": lambda one, other: str(other).lower() in str(one or "").lower(),
    "startswith": lambda one, other: str(one or "").lower().startswith(str(other).lower()),
    "has": lambda one, other: str(other).lower() in re.split(r"\W+", str(one or "").lower()),
}


def _literal(text: str) -> object:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    return int(text) if text.isdecimal() else text[1:-1]


def _column(text: str, query: str) -> tuple[str, str]:
    match = _COLUMN.fullmatch(text)
    if match is None:
        raise QueryError(query.find(text))
    return match["name"] or match["path"].replace(".", "_"), match["path"]


def _at(row: Row, path: str) -> Any:
    value: Any = row
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _split(text: str, separator: str) -> list[str]:
    """Split at separators outside of quotes."""
    return re.findall(rf"""(?:^|(?<={re.escape(separator)}))(?:'[^']*'|"[^"]*"|[^'"{re.escape(separator)}])*""", text)
