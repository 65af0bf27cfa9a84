# SPDX-License-Identifier: MIT
"""The tables of `--output table`: one row per entry, in the order of the cluster.

The tables of entries start with the columns of aks-preview, because scripts parse them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

Rows = list[dict[str, str]]

# The gap between two columns.
_GAP = 2
# The minimum width of a wrapped last column.
_MIN_LAST = 20


def per_cluster(table: Callable[[Any, int], Rows]) -> Callable[[Any], Rows]:
    """Return the table function for one result, or for the results of several clusters of `--ids`.

    `table` is called with a result and the available width. Several results have a Cluster column. Clusters without a
    result (--no-wait, or a disabled add-on) have no rows.
    """

    def rows(result: Any) -> Rows:
        from azext_podidentity.cli.terminal import table_width
        from azext_podidentity.profile.text import printable

        width = table_width()
        several = isinstance(result, list) and result and all(_names_cluster(each) or each is None for each in result)
        if not several:
            return [{name: printable(cell) for name, cell in row.items()} for row in table(result, width)]
        results = sorted((each for each in result if each is not None), key=lambda each: each.cluster)
        left = width - max((len(each.cluster) for each in results), default=0) - _GAP
        return [
            {name: printable(cell) for name, cell in {"Cluster": each.cluster, **row}.items()}
            for each in results
            for row in table(each, left)
        ]

    return rows


def _one_line_cells(table: Callable[..., Rows]) -> Callable[..., Rows]:
    """Return the table function with line feeds escaped in the cells; other tables wrap their cells into lines."""

    @wraps(table)
    def rows(*arguments: Any) -> Rows:
        from azext_podidentity.profile.text import printable

        return [{name: printable(cell, keep="") for name, cell in row.items()} for row in table(*arguments)]

    return rows


def _fitted(table: Callable[[Any], Rows]) -> Callable[[Any, int], Rows]:
    """Return the table function with the last column wrapped between words to fit the width."""

    @wraps(table)
    def rows(result: Any, width: int) -> Rows:
        made = table(result)
        *others, last = made[0] if made else ("",)
        # az pads a header by two characters.
        taken = sum(max(len(name) + 2, *(len(row[name]) for row in made)) + _GAP for name in others)
        return [{**row, last: wrapped(row[last], max(width - taken, _MIN_LAST))} for row in made]

    return rows


def wrapped(text: str, width: int, *, break_words: bool = False) -> str:
    """Return the text in lines of at most that width, with resource IDs of managed identities replaced by their names.

    Longer words are broken only if `break_words` is set.
    """
    from textwrap import fill

    from azext_podidentity.profile.validation import with_identity_names

    return fill(with_identity_names(text), width, break_on_hyphens=False, break_long_words=break_words)


def _names_cluster(result: object) -> bool:
    return hasattr(result, "cluster")


def entry_table(of_cluster: Callable[[Mapping[str, Any], int], Rows], entries: str) -> Callable[[Any, int], Rows]:
    """Return the table function for one entry, with the columns of the table of all entries."""
    return lambda entry, width: of_cluster({"podIdentityProfile": {entries: [entry]}}, width)


@_one_line_cells
def pod_identities_table(cluster: Mapping[str, Any], _: int = 0) -> Rows:
    """Return the rows of the pod identities of a managed cluster, in the JSON of az."""
    return [
        {
            "Name": entry.get("name") or "",
            "Namespace": entry.get("namespace") or "",
            "ProvisioningState": entry.get("provisioningState") or "",
            "ManagedIdentity": _name((entry.get("identity") or {}).get("resourceId")),
            "BindingSelector": _selector(entry),
        }
        for entry in _entries(cluster, "userAssignedIdentities")
    ]


@_fitted
@_one_line_cells
def exceptions_table(cluster: Mapping[str, Any], _: int = 0) -> Rows:
    """Return the rows of the pod identity exceptions of a managed cluster, in the JSON of az."""
    return [
        {
            "Name": entry.get("name") or "",
            "Namespace": entry.get("namespace") or "",
            "PodLabels": _labels(entry),
        }
        for entry in _entries(cluster, "userAssignedIdentityExceptions")
    ]


def difference_table(result: Any, width: int = 0) -> Rows:
    """Return the rows of the result of `apply`: per entry and role, or per cluster for those that the files select."""
    if isinstance(result, list):
        from azext_podidentity._format_fleet import results_table

        return results_table(result)
    return _changes_table(result, width)


@_fitted
@_one_line_cells
def _changes_table(result: Mapping[str, Sequence[Mapping[str, Any]]], _: int = 0) -> Rows:
    """Return one row per entry and role, with the previous values of changed fields."""
    entries_by_change = {change: entries for change, entries in result.items() if change != "roleAssignments"}
    roles = [
        {
            "Change": each.get("state", "added").lower(),
            "Kind": "role",
            "Namespace": "",
            "Name": _name(each["scope"]),
            "Details": each["role"],
        }
        for each in result.get("roleAssignments") or ()
    ]
    return roles + [
        {
            "Change": change,
            "Kind": entry["kind"],
            "Namespace": entry["namespace"],
            "Name": entry["name"],
            "Details": _details(entry["before"] or {}, entry["after"] or {}),
        }
        for change, entries in entries_by_change.items()
        for entry in entries
    ]


@_fitted
@_one_line_cells
def document_table(document: Mapping[str, Any], _: int = 0) -> Rows:
    """Return the rows of the manifest that `export` returns, one per entry."""
    identities = (
        (each, "podIdentity", {"identity": each["identity"]["resourceId"], "bindingSelector": _selector(each)})
        for each in document["podIdentities"]
    )
    exceptions = ((each, "exception", {"podLabels": _labels(each)}) for each in document["exceptions"])
    return [
        {"Kind": kind, "Namespace": each["namespace"], "Name": each["name"], "Details": _details({}, fields)}
        for each, kind, fields in (*identities, *exceptions)
    ]


def _details(before: Mapping[str, str], after: Mapping[str, str]) -> str:
    from azext_podidentity.profile.validation import with_identity_names

    changed = before and after
    shown = (
        f"{name}: {before.get(name, '(none)')} -> {after.get(name, '(none)')}" if changed else value
        for name, value in {**before, **after}.items()
        if not changed or before.get(name) != after.get(name)
    )
    return with_identity_names(", ".join(shown))


def _selector(entry: Mapping[str, Any]) -> str:
    return entry.get("bindingSelector") or entry.get("name") or ""


def _name(resource_id: str | None) -> str:
    return (resource_id or "").rpartition("/")[2]


def _labels(entry: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in sorted((entry.get("podLabels") or {}).items()))


def _entries(cluster: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """Return the entries of the list with that name, without null elements."""
    return [entry for entry in (cluster.get("podIdentityProfile") or {}).get(name) or () if entry is not None]
