# SPDX-License-Identifier: MIT
"""Report that the add-on is deprecated."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.cluster import DEPRECATION


def check_deprecation(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding on every cluster that uses the add-on, with the command that plans its migration."""
    if not snapshot.is_unused:
        reference = snapshot.cluster.reference
        migrate = reference.pod_identity_command("migrate", "--output", "table")
        yield Finding("info", reference.name, DEPRECATION, (migrate,))
