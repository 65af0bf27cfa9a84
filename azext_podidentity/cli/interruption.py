# SPDX-License-Identifier: MIT
"""Report after Ctrl-C what continues in Azure and how to follow it, and send no more changes."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import ManualInterrupt
from knack.events import EVENT_CLI_POST_EXECUTE

from azext_podidentity.cli.terminal import clear_line

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.profile.cluster_reference import ClusterReference

_KEY = "pod_identity_interruptions"
_LOCK = Lock()
Note = tuple[str, list[str] | None]


@dataclass
class _Notes:
    """The last note of each cluster. `closed`: the notes were reported and must not change."""

    of_clusters: dict[ClusterReference, Note] = field(default_factory=dict)
    closed: bool = False


def begin_notes(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Start to keep notes of the cluster. Without this call, notes of the cluster are ignored."""
    if getattr(cli_ctx, "invocation", None) is None:  # the caller is not az
        return
    with _LOCK:
        if _KEY not in cli_ctx.invocation.data:
            cli_ctx.invocation.data[_KEY] = _Notes()
            cli_ctx.register_event(EVENT_CLI_POST_EXECUTE, _explain)
        cli_ctx.invocation.data[_KEY].of_clusters.setdefault(reference, _not_sent(reference))


def note_not_sent(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that the change of the cluster was refused."""
    _note(cli_ctx, reference, _not_sent(reference))


def note_sent(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that a change of the cluster is being sent; its operation continues without the command.

    Raise KeyboardInterrupt, to end a thread that outlives Ctrl-C, if the report was that nothing was sent.
    """
    wait = reference.cluster_command("wait", "--updated")
    message = f"The change of cluster {reference.name!r} may have been accepted; its operation then continues in Azure."
    _note(cli_ctx, reference, (message, ["To wait until it ends, run:", wait]))


def note_completed(cli_ctx: AzCli, reference: ClusterReference) -> None:
    """Note that the operation of the change has ended."""
    _note(cli_ctx, reference, (f"The change of cluster {reference.name!r} was completed.", None))


def close_notes(cli_ctx: AzCli) -> dict[ClusterReference, Note]:
    """Return the last note of each cluster, and end each thread that tries to add another one."""
    with _LOCK:
        notes = _of(cli_ctx) or _Notes()
        notes.closed = True
        return notes.of_clusters


def is_reported(cli_ctx: AzCli) -> bool:
    """Return whether the notes were reported, so that nothing else must be shown."""
    notes = _of(cli_ctx)
    return notes is not None and notes.closed


def _not_sent(reference: ClusterReference) -> Note:
    return f"Cluster {reference.name!r} was not changed.", None


def _note(cli_ctx: AzCli, reference: ClusterReference, note: Note) -> None:
    with _LOCK:
        notes = _of(cli_ctx)
        if notes is None or reference not in notes.of_clusters:
            return
        if notes.closed:
            raise KeyboardInterrupt
        notes.of_clusters[reference] = note


def _of(cli_ctx: AzCli) -> _Notes | None:
    invocation = getattr(cli_ctx, "invocation", None)
    notes: _Notes | None = invocation.data.get(_KEY) if invocation else None
    return notes


def _explain(cli_ctx: AzCli, **_: object) -> None:
    """Print the note of each cluster if Ctrl-C ended the command."""
    cli_ctx.unregister_event(EVENT_CLI_POST_EXECUTE, _explain)
    if isinstance(cli_ctx.result.error, KeyboardInterrupt):
        notes = close_notes(cli_ctx).values()
        clear_line()
        for message, advice in notes:
            ManualInterrupt(f"Interrupted. {message}", advice).print_error()
