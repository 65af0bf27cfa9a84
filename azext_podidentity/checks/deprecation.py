"""That the add-on has no support any more."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.cluster import DEPRECATION


def deprecation(snapshot: Snapshot) -> Iterator[Finding]:
    """Always there: the way out is long, and begins before something breaks."""
    reference = snapshot.cluster.reference
    migrate = reference.pod_identity_command("migrate", "--output", "table")
    yield Finding("info", reference.name, DEPRECATION, migrate)
