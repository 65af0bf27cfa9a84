# SPDX-License-Identifier: MIT
"""Errors of a command that ends before an operation does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzCLIError, AzureResponseError

from azext_podidentity.profile.advice import Advice

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster_reference import ClusterReference


def busy_timeout_error(reference: ClusterReference, seconds: float, blocking: str, tries: int = 0) -> AzCLIError:
    """Return the error for a cluster that stayed busy; `blocking` describes the last operation that blocked it."""
    attempts = f" ({tries} attempts)" if tries > 1 else ""
    return Advice(
        f"Cluster {reference.name!r} was still busy after {seconds:g} seconds{attempts}. "
        f"Blocking operation: {blocking}",
        ("Wait until the cluster is idle, and then run your command again. To wait, run:",),
        (reference.cluster_command("wait", "--updated"),),
    ).error(AzureResponseError)


def operation_timeout_error(reference: ClusterReference, seconds: float, status: str) -> AzCLIError:
    """Return the error for an accepted change whose operation takes longer than the timeout."""
    return Advice(
        f"The change of cluster {reference.name!r} was accepted, but its operation is still running after "
        f"{seconds:g} seconds ({status}). It continues without this command.",
        ("Wait until it is finished, and then run your command again to check the result. To wait, run:",),
        (reference.cluster_command("wait", "--updated"),),
    ).error(AzureResponseError)


def unreadable_result_error(reference: ClusterReference, reason: str) -> AzCLIError:
    """Return the error for an accepted change whose result cannot be read and that the cluster does not have."""
    return AzureResponseError(
        f"The change of cluster '{reference.name}' was accepted, but the cluster does not have it, and the result of "
        f"the operation cannot be read: {reason}",
        "Run your command again; it continues from the current state.",
    )
