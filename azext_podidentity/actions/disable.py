# SPDX-License-Identifier: MIT
"""Disable the add-on, which deletes the entries of the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.azclierror import NoTTYError
from knack.log import get_logger

from azext_podidentity.cli.interaction import confirm
from azext_podidentity.manifest.exporter import to_yaml
from azext_podidentity.profile.add_on_changes import Disable, loss_advice, lost_by_disable

if TYPE_CHECKING:
    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.profile.cluster import Cluster

logger = get_logger(__name__)


def agree_to_disable(writer: ClusterWriter, *, yes: bool) -> Disable:
    """Return the change after the user has agreed to lose the entries of the cluster; `yes` skips the question.

    Without a terminal, the command continues, because scripts for aks-preview rely on that, and logs the entries as a
    manifest. Raise UnclassifiedUserFault if the user declines.
    """
    if yes:
        return Disable(accepted=None)
    cluster = writer.wait_until_idle().cluster
    lost = frozenset(lost_by_disable(cluster.profile))
    if not lost:
        return Disable()
    advice = loss_advice(cluster)
    try:
        confirm(advice.reason, "Disable pod identity and lose them?", advice.recommendations)
    except NoTTYError:
        logger.warning("%s", _copy(cluster))
    return Disable(accepted=lost)


def _copy(cluster: Cluster) -> str:
    """Return a warning with the entries as a manifest, how to restore them, and how to suppress the warning."""
    enable = cluster.reference.update_command("--enable-pod-identity")
    return (
        f"Disabling the add-on deletes the pod identities and exceptions of cluster '{cluster.reference.name}'. To "
        "restore them, enable the add-on again, save the text below in a file and pass it to 'az aks pod-identity "
        f"apply --file'. Pass --yes to disable it without this copy. To enable it, run:\n{enable}\n\n"
        f"{to_yaml(cluster.profile)}"
    )
