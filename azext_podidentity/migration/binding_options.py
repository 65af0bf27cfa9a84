# SPDX-License-Identifier: MIT
"""Check the options about identity bindings against a cluster."""

from __future__ import annotations

from azure.cli.core.azclierror import InvalidArgumentValueError, ValidationError

from azext_podidentity.migration.decision import listed
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.steps import IDENTITY_BINDING, Options
from azext_podidentity.profile.cluster import Cluster


def reads_bindings(inventory: Inventory, options: Options) -> bool:
    """Return whether a plan needs the identity bindings of the cluster."""
    return options.target == IDENTITY_BINDING or uses_bindings(inventory)


def uses_bindings(inventory: Inventory) -> bool:
    """Return whether a workload that was read uses an identity binding."""
    return any(each.uses_identity_binding for each in inventory.workloads)


def check_options(cluster: Cluster, inventory: Inventory, options: Options) -> None:
    """Check the options of a plan.

    Raise ValidationError if the target is identity bindings but the cluster does not support them, and
    InvalidArgumentValueError if an option names a managed identity that no pod identity binds.
    """
    # https://learn.microsoft.com/azure/aks/identity-bindings-concepts
    if options.target == IDENTITY_BINDING and cluster.features.vnet_integration:
        raise ValidationError(
            f"Cluster '{cluster.reference.name}' uses API server VNet integration, with which identity bindings are "
            "not available.",
            "Migrate without --target identity-binding. If a managed identity would have too many federated identity "
            "credentials, let workloads of one namespace share a service account.",
        )
    entries = (*cluster.profile.identities, *inventory.pod_identities)
    known = {name.lower() for each in entries for name in (each.identity.name, each.identity.resource_id)}
    unknown = [each for each in options.identities if each.lower() not in known]
    if unknown:
        names = sorted({each.identity.name for each in entries})
        raise InvalidArgumentValueError(
            f"--identities names managed identities that no pod identity has: {listed(unknown)}.",
            f"Name some of these by name or resource ID: {listed(names)}." if names else "Omit --identities.",
        )
