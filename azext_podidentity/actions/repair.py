# SPDX-License-Identifier: MIT
"""Repair what `check` finds: register, grant roles, and change the cluster in one write at most."""

from __future__ import annotations

from typing import TYPE_CHECKING

from azure.cli.core.azclierror import AzureResponseError
from knack.log import get_logger

from azext_podidentity.actions.change import change_cluster
from azext_podidentity.actions.role_grants import RoleGrants
from azext_podidentity.arm import registrations
from azext_podidentity.arm.backoff import Backoff
from azext_podidentity.cli.progress import progress
from azext_podidentity.profile.commands import feature_command
from azext_podidentity.profile.entries import ManagedIdentity

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.arm.cluster_writer import ClusterWriter
    from azext_podidentity.checks.repair_plan import RepairPlan
    from azext_podidentity.checks.snapshot import Snapshot

logger = get_logger(__name__)

_REGISTERED = "Registered"
# Seconds; it takes a few minutes: https://learn.microsoft.com/azure/aks/use-azure-ad-pod-identity
_REGISTRATION_TIMEOUT = 1800.0


def run_repairs(cli_ctx: AzCli, writer: ClusterWriter, plan: RepairPlan, snapshot: Snapshot) -> None:
    """Carry out the plan for the cluster of the snapshot.

    1. Register the feature and wait until it is registered, because the service refuses every write before. Then
       register the provider, so that the feature takes effect.
    2. Grant the missing roles, and repair all entries in one write.

    Raise an azure-cli error if a step is refused. A repeated command continues where it stopped.
    """
    if plan.registers_feature:
        registrations.register_feature(cli_ctx)
        _wait_for_feature(cli_ctx, writer)
    if plan.registers_feature or plan.registers_provider:
        registrations.register_provider(cli_ctx)
    if plan.change.is_needed:
        found = {key: each for key, each in snapshot.identities.items() if isinstance(each, ManagedIdentity)}
        change_cluster(cli_ctx, writer, plan.change, RoleGrants(cli_ctx, found=found))


def _wait_for_feature(cli_ctx: AzCli, writer: ClusterWriter) -> None:
    backoff = Backoff()
    with progress(cli_ctx, "Waiting for the registration of the preview feature") as update:
        while registrations.feature_state(cli_ctx) != _REGISTERED:
            if backoff.elapsed > _REGISTRATION_TIMEOUT:
                raise AzureResponseError(
                    "The preview feature is still being registered.",
                    ["Run your command again when its state is Registered:", feature_command(writer.reference, "show")],
                )
            backoff.wait(update)
