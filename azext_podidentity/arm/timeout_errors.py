# SPDX-License-Identifier: MIT
"""The errors of a command that does not see the end of an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError, AzureResponseError

from azext_podidentity.profile.advice import Advice

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster_reference import ClusterReference


def busy_timeout_error(reference: ClusterReference, seconds: float, blocking: str, tries: int = 0) -> AzCLIError:
    """Return the error for a cluster that other clients kept busy; `blocking` says which operation blocked it last."""
    attempts = f" ({tries} attempts)" if tries > 1 else ""
    return Advice(
        f"Cluster {reference.name!r} was still busy after {seconds:g} seconds{attempts}. "
        f"Blocking operation: {blocking}",
        ("Wait until the cluster is idle, and then run your command again. To wait, run:",),
        (reference.cluster_command("wait", "--updated"),),
    ).error(AzureResponseError)


def operation_timeout_error(reference: ClusterReference, seconds: float, status: str) -> AzCLIError:
    """Return the error for a change that was accepted and whose operation takes longer than the command waits."""
    return Advice(
        f"The change of cluster {reference.name!r} was accepted, but its operation is still running after "
        f"{seconds:g} seconds ({status}). It continues without this command.",
        ("Wait until it is finished, and then run your command again to check the result. To wait, run:",),
        (reference.cluster_command("wait", "--updated"),),
    ).error(AzureResponseError)


def unreadable_result_error(reference: ClusterReference, reason: str) -> AzCLIError:
    """Return the error for an accepted change that the cluster does not have, and whose result cannot be read."""
    return AzureResponseError(
        f"The change of cluster '{reference.name}' was accepted, but the cluster does not have it, and the result of "
        f"the operation cannot be read: {reason}",
        "Run your command again; it continues from the current state.",
    )
