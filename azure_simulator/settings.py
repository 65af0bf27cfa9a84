# SPDX-License-Identifier: MIT
"""Behaviors in which the real service is known to vary."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

SCALE_SET_LIMIT = 150


def _no_such_command(command: str) -> tuple[int, str]:
    return 127, f"{command.split()[0]}: command not found\n"


@dataclass
class Settings:
    """Switches that may be changed at any time. `Simulator.reset()` restores the defaults.

    etags: responses contain `eTag` (stable api-versions do not always show it, public recordings).
    retry_after: seconds in Retry-After of responses to cluster PUT and DELETE and to polls; None omits the header.
    preempt: a PUT while an operation runs replaces that operation instead of being refused with 409.
    stages: operations pass through free-text statuses between InProgress and the final one.
    principal_type_helps: a grant with `principalType` accepts a principal that has not replicated (documentation). Off,
        it is refused with PrincipalNotFound for `durations.principal_replication` (public reports).
    assign_limit: managed identities that one write may add. A scale set accepts 150 (public report
        Azure/aad-pod-identity#813); that AKS does not split larger writes is an assumption. None accepts any number.
    graph_lag: seconds that Resource Graph may be behind the resources (documentation: usually less than a minute).
    azure_cli_latency: minimum seconds of every request.
    run_command: returns the exit code and output of a command that runs inside a cluster.
    """

    etags: bool = True
    retry_after: float | None = None
    preempt: bool = False
    stages: bool = True
    principal_type_helps: bool = True
    assign_limit: int | None = SCALE_SET_LIMIT
    graph_lag: float = 0.0
    azure_cli_latency: float = 0.0
    run_command: Callable[[str], tuple[int, str]] = field(default=_no_such_command)
