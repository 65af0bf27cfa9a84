# SPDX-License-Identifier: MIT
"""Say after Ctrl-C what continues and how to follow it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ManualInterrupt
from knack.events import EVENT_CLI_POST_EXECUTE

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.profile.cluster_reference import ClusterReference

_KEY = "pod_identity_interruptions"


def note_not_sent(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that no change of the cluster was sent yet, or that it was refused."""
    _note(cli_ctx, reference, f"Cluster {reference.name!r} was not changed.")


def note_sent(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that a change of the cluster is being sent, whose operation continues without the command."""
    wait = reference.cluster_command("wait", "--updated")
    message = f"The change of cluster {reference.name!r} may have been accepted; its operation then continues in Azure."
    _note(cli_ctx, reference, message, ["To wait for its end, run:", wait])


def note_completed(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that the operation of the change has ended."""
    _note(cli_ctx, reference, f"The change of cluster {reference.name!r} was completed.")


def noted(cli_ctx: AzCli, reference: ClusterReference) -> tuple[str, list[str] | None] | None:
    """Return what was noted last of the cluster, and what to do about it; None if nothing was."""
    note: tuple[str, list[str] | None] | None = cli_ctx.invocation.data.get(_KEY, {}).get(reference)
    return note


def _note(cli_ctx: AzCli, reference: ClusterReference, message: str, advice: list[str] | None = None) -> None:
    invocation = getattr(cli_ctx, "invocation", None)
    if invocation is None:  # a caller without az
        return
    if _KEY not in invocation.data:
        invocation.data[_KEY] = {}
        cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, _explain)
    invocation.data[_KEY][reference] = (message, advice)


def _explain(cli_ctx: AzCli, **_: object) -> None:
    """Print what was noted of each cluster, if Ctrl-C ended the command."""
    cli_ctx.unregister_event(EVENT_CLI_POST_EXECUTE, _explain)
    notes = cli_ctx.invocation.data.pop(_KEY, {})
    if isinstance(cli_ctx.result.error, KeyboardInterrupt):
        for message, advice in notes.values():
            ManualInterrupt(f"Interrupted. {message}", advice).print_error()
