# SPDX-License-Identifier: MIT
"""Determine the cluster of a command line, and add its name to the result for tables of several clusters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from knack.events import EVENT_INVOKER_TRANSFORM_RESULT
from knack.util import CLIError

from azext_podidentity.cli.interruption import begin_notes
from azext_podidentity.cli.output_format import has_option, wants_whole_table
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.cli.core.commands import AzCliCommand

_KEY = "pod_identity_cluster"


class ObjectOfCluster(dict[str, Any]):
    """A result that is an object, with the name of its cluster."""

    cluster: str


class ListOfCluster(list[Any]):
    """A result that is a list, with the name of its cluster."""

    cluster: str


def cluster_reference(cmd: AzCliCommand, resource_group_name: str, cluster_name: str) -> ClusterReference:
    """Return the cluster of the command line.

    Its name is kept for tables of several clusters, and its state for the message after Ctrl-C.
    """
    if wants_whole_table(cmd.cli_ctx):
        cmd.cli_ctx.data[_KEY] = cluster_name
        cmd.cli_ctx.register_event(EVENT_INVOKER_TRANSFORM_RESULT, _attach_cluster)
    reference = reference_of(cmd, resource_group_name, cluster_name)
    begin_notes(cmd.cli_ctx, reference)
    return reference


def reference_of(cmd: AzCliCommand, resource_group_name: str, cluster_name: str) -> ClusterReference:
    """Return the reference to the cluster in the subscription of the command."""
    return ClusterReference(resource_group_name, cluster_name, _subscription(cmd.cli_ctx))


def _subscription(cli_ctx: AzCli) -> str | None:
    """Return the subscription for commands in messages, None if the current one applies."""
    named: str | None = cli_ctx.data.get("subscription_id")
    if named is None or has_option(cli_ctx, "--subscription"):
        return named
    from azure.cli.core._profile import Profile

    try:
        current = Profile(cli_ctx=cli_ctx).get_subscription_id()
    except CLIError:  # no default subscription
        return named
    return None if named.lower() == str(current).lower() else named


def _attach_cluster(cli_ctx: AzCli, event_data: dict[str, Any], **_: object) -> None:
    """Replace the result by one with the name of its cluster, if `--ids` names several.

    az passes only the results to a table transformer, in the order of their completion.
    """
    result, cluster = event_data["result"], cli_ctx.data.get(_KEY)
    if cluster is None:
        return
    named: ObjectOfCluster | ListOfCluster
    if isinstance(result, Mapping):
        named = ObjectOfCluster(result)
    elif isinstance(result, Sequence) and not isinstance(result, str):
        named = ListOfCluster(result)
    else:
        return
    named.cluster = cluster
    event_data["result"] = named
