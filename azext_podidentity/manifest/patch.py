# SPDX-License-Identifier: MIT
"""Return the changes of a cluster as a patch of its exported manifest."""

from __future__ import annotations

from difflib import unified_diff

from azext_podidentity.manifest.exporter import to_yaml
from azext_podidentity.profile.entries import Profile


def patch(before: Profile, after: Profile, name: str) -> str:
    """Return a unified diff of the manifests that `export` writes before and after, empty if they are equal.

    `name`: the name of the cluster. The order of the entries does not matter.
    """
    lines = unified_diff(
        to_yaml(before).splitlines(), to_yaml(after).splitlines(), f"a/{name}.yaml", f"b/{name}.yaml", lineterm=""
    )
    return "\n".join(lines)
