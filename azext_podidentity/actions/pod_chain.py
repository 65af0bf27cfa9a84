# SPDX-License-Identifier: MIT
"""Trace how one pod gets its token: read the cluster from Azure and Kubernetes, and the pod's managed identity."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from knack.util import CLIError

from azext_podidentity.actions.pod_check import read_pod_snapshot
from azext_podidentity.arm import managed_identities
from azext_podidentity.arm.concurrency import or_error
from azext_podidentity.arm.federated_credentials import CredentialService
from azext_podidentity.arm.identity_bindings import supports_bindings
from azext_podidentity.pod_checks.chain import follow_pod
from azext_podidentity.pod_checks.subject import find_subject
from azext_podidentity.pod_checks.workload_identity_chain import WorkloadIdentity, annotated_client_id
from azext_podidentity.profile.entries import ManagedIdentity, Unreadable
from azext_podidentity.profile.identity_bindings import MINIMUM_AZURE_CLI

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.actions.workload_source import WorkloadSource
    from azext_podidentity.arm.managed_clusters import ClusterReader
    from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
    from azext_podidentity.pod_checks.step import Step
    from azext_podidentity.profile.entries import EntryKey
    from azext_podidentity.profile.workload_credentials import IdentityLookup


def follow(cli_ctx: AzCli, client: Any, reader: ClusterReader, source: WorkloadSource, key: EntryKey) -> list[Step]:
    """Return the steps for the pod with that namespace and name; the last step is the result.

    Raise ResourceNotFoundError if the source does not have the pod, and the errors of `read_pod_snapshot`.
    """
    snapshot = read_pod_snapshot(cli_ctx, client, reader, source)
    subject = find_subject(snapshot.inside, key)
    identity = WorkloadIdentity()
    if subject.spec.uses_workload_identity and (client_id := annotated_client_id(snapshot, subject)):
        identity = WorkloadIdentity(client_id, _look_up(cli_ctx, snapshot, client_id))
    return follow_pod(_known_bindings(snapshot), subject, identity)


def _known_bindings(snapshot: PodSnapshot) -> PodSnapshot:
    """Return the snapshot, with the identity bindings marked as unreadable if azure-cli is too old to read them."""
    if supports_bindings():
        return snapshot
    unreadable = Unreadable(f"this requires azure-cli {MINIMUM_AZURE_CLI} or later.")
    return replace(snapshot, azure=replace(snapshot.azure, bindings=unreadable))


def _look_up(cli_ctx: AzCli, snapshot: PodSnapshot, client_id: str) -> IdentityLookup | None:
    """Return the managed identity with that client ID, from the profile or the subscription, and its credentials."""
    identity = _of_profile(snapshot, client_id)
    if identity is None:
        from azure.cli.core.commands.client_factory import get_subscription_id

        search = partial(managed_identities.find_by_client_id, cli_ctx, get_subscription_id(cli_ctx))
        found = or_error(search, client_id)
        if isinstance(found, CLIError):
            return Unreadable.because(found)
        if found is None:
            return None
        identity = found
    read = or_error(CredentialService(cli_ctx).read, [identity.resource_id])
    if isinstance(read, CLIError):
        return Unreadable.because(read)
    return read[identity.resource_id.lower()]


def _of_profile(snapshot: PodSnapshot, client_id: str) -> ManagedIdentity | None:
    """Return the profile's managed identity that has the client ID, or had it before it was deleted."""
    now = (each for each in snapshot.azure.identities.values() if isinstance(each, ManagedIdentity))
    held = (entry.identity for entry in snapshot.cluster.profile.identities)
    return next((each for each in (*now, *held) if (each.client_id or "").lower() == client_id.lower()), None)
