# SPDX-License-Identifier: MIT
"""Files for `az aks pod-identity apply`, and its result."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.support.azure_cli import NAMESPACE, ON_CLUSTER, Result

ACTIONS = ("added", "changed", "removed", "unchanged")
APPLY = f"aks pod-identity apply {ON_CLUSTER}"
EXPORT = f"aks pod-identity export {ON_CLUSTER}"
Wire = dict[str, Any]


def binding(managed_identity: Wire, name: str | None = None, **more: Any) -> Wire:
    """Return a pod identity in the format of a file. Its name defaults to that of the managed identity."""
    identity = {"resourceId": managed_identity["id"]}
    return {"namespace": NAMESPACE, "name": name or managed_identity["name"], "identity": identity, **more}


def text_of(identities: Iterable[Wire] = (), exceptions: Iterable[Wire] = ()) -> str:
    """Return the text of a file with the entries."""
    document = {"version": 1, "podIdentities": list(identities), "exceptions": list(exceptions)}
    return str(yaml.safe_dump(document))


def write(folder: Path, identities: Iterable[Wire] = (), exceptions: Iterable[Wire] = (), name: str = "a.yaml") -> Path:
    """Write a file with the entries. Return its path."""
    path = folder / name
    path.write_text(text_of(identities, exceptions), "utf-8")
    return path


def names(result: Result) -> dict[str, list[str]]:
    """Return the names in the lists of entries of a result, without the lists that are empty."""
    lists = result.ok().json
    return {action: [each["name"] for each in lists[action]] for action in ACTIONS if lists[action]}
