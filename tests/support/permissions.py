# SPDX-License-Identifier: MIT
"""The actions that docs/permissions.md lists for a command, and those that requests need."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from urllib.parse import urlsplit

from development.paths import ROOT

PAGE = ROOT / "docs/permissions.md"
_VERBS = {"GET": "read", "PUT": "write", "DELETE": "delete"}
_COMMAND = re.compile(r"aks pod-identity ((?:exception )?[a-z-]+)")
_ACTION = re.compile(r"[\w.]+(?:/\w+)+")
_QUERY = "/providers/Microsoft.ResourceGraph/resources"
_REGISTRATION = re.compile(r"/subscriptions/[^/]+/providers/[^/]+$")
_FEATURE = re.compile(r"/providers/Microsoft\.Features/providers/[^/]+/features/[^/]+$")


def undocumented(command: str, requests: Iterable[tuple[str, str]], page: str | None = None) -> list[str]:
    """Return the actions that the command's requests need but the page does not list. Ignore other commands.

    requests: method and URL of each. page: the text of the page, by default docs/permissions.md.
    """
    match = _COMMAND.match(command)
    if match is None:
        return []
    rows = _rows(PAGE.read_text("utf-8") if page is None else page)
    given = set(command.split())
    documented = {
        action
        for name, actions in rows.items()
        if name.partition(" --")[0] == match[1] and {each for each in name.split() if each.startswith("--")} <= given
        for action in actions
    }
    needed = {needed_action(method, url) for method, url in requests}
    return sorted(each for each in needed if not any(f"/{each}".endswith(f"/{known}") for known in documented))


def documented_commands() -> set[str]:
    """Return the commands that have a row, without options."""
    return {name.partition(" --")[0] for name in _rows(PAGE.read_text("utf-8"))}


def needed_action(method: str, url: str) -> str:
    """Return the action, in lower case, that Azure Resource Manager requires for a request.

    Its name consists of the namespace and the types in the path, as in
    https://learn.microsoft.com/azure/role-based-access-control/resource-provider-operations
    """
    path = urlsplit(url).path
    if path.endswith(_QUERY):
        return "microsoft.resourcegraph/resources/read"  # the only action of that provider
    if _REGISTRATION.search(path):
        return "microsoft.resources/subscriptions/providers/read"
    if _FEATURE.search(path):
        return "microsoft.features/providers/features/read"
    namespace, *parts = path.rpartition("/providers/")[2].split("/")
    if method == "POST":
        return "/".join((namespace, *parts[0::2], "action")).lower()
    return "/".join((namespace, *parts[0::2], _VERBS[method])).lower()


@cache
def _rows(page: str) -> Mapping[str, set[str]]:
    """Return the actions of each command of the table, in lower case; options are part of a command's name."""
    rows: dict[str, set[str]] = {}
    for line in page.splitlines():
        if line.startswith("| `"):
            commands, *cells = line.strip("| ").split("|")
            quoted = re.findall(r"`([^`]+)`", " ".join(cells))
            actions = {each.lower() for each in quoted if _ACTION.fullmatch(each)}
            inherited = [rows[each] for each in re.findall(r"as for `([^`]+)`", line)]
            for name in re.findall(r"`([^`]+)`", commands):
                rows.setdefault(name, set()).update(actions, *inherited)
    return rows
