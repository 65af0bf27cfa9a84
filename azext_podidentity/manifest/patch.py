# SPDX-License-Identifier: MIT
"""The changes of a cluster as a patch of its exported manifest."""

from __future__ import annotations

from difflib import unified_diff

from azext_podidentity.manifest.exporter import to_yaml
from azext_podidentity.profile.entries import Profile


def patch(before: Profile, after: Profile, name: str) -> str:
    """Return a unified diff of what `export` writes before and after, empty if that is the same.

    `name` is the cluster's. The same entries in any order give the same text.
    """
    lines = unified_diff(
        to_yaml(before).splitlines(), to_yaml(after).splitlines(), f"a/{name}.yaml", f"b/{name}.yaml", lineterm=""
    )
    return "\n".join(lines)
