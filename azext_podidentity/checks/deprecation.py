"""That the add-on has no support any more."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot


def deprecation(snapshot: Snapshot) -> Iterator[Finding]:
    """Always there: the way out is long, and begins before something breaks."""
    message = (
        "The pod identity add-on is deprecated, and its support ended in September 2025: az aks pod-identity migrate "
        "plans the way to what replaces it, Microsoft Entra Workload ID."
    )
    yield Finding("info", snapshot.cluster.reference.name, message)
