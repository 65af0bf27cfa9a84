# SPDX-License-Identifier: MIT
"""Check the identity bindings of the cluster, which workloads can use instead of the add-on."""

from __future__ import annotations

from collections.abc import Iterator

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import BoundIdentity, Snapshot
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, Unreadable
from azext_podidentity.profile.identity_bindings import AKS_CREDENTIAL, create_command, delete_command
from azext_podidentity.profile.text import count_of
from azext_podidentity.profile.workload_credentials import MAX_CREDENTIALS, IdentityCredentials


def check_failed(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each identity binding that failed."""
    for each in _bound(snapshot):
        if each.binding.failed and not isinstance(each.identity, NotFound):
            names = _credential_names(each)
            full = len(names) >= MAX_CREDENTIALS and AKS_CREDENTIAL not in names
            reason = (
                f"The managed identity has {len(names)} federated identity credentials, so AKS cannot create "
                f"'{AKS_CREDENTIAL}'. Remove one that is not used, and then recreate the binding."
                if full
                else "Pods that use it get no token."
            )
            message = f"Identity binding '{each.binding.name}' is in state {each.binding.state}. {reason}"
            yield Finding("error", snapshot.cluster.reference.name, message, _recreate(snapshot, each))


def check_identities(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each identity binding whose managed identity was deleted or recreated."""
    reference = snapshot.cluster.reference
    for each in _bound(snapshot):
        binding, name = each.binding, ManagedIdentity(each.binding.resource_id).name
        if isinstance(each.identity, NotFound):
            message = f"Managed identity '{name}' of identity binding '{binding.name}' no longer exists."
            yield Finding("error", reference.name, message, (delete_command(reference, binding.name),))
        elif isinstance(each.identity, IdentityCredentials):
            client_id = each.identity.identity.client_id
            if binding.client_id and client_id and binding.client_id.lower() != client_id.lower():
                message = (
                    f"Managed identity '{name}' of identity binding '{binding.name}' was recreated, so the binding has "
                    "its former client ID."
                )
                yield Finding("error", reference.name, message, _recreate(snapshot, each))


def check_credentials(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each managed identity with a binding that has reached the limit of credentials."""
    for each in _bound(snapshot):
        names = _credential_names(each)
        if len(names) >= MAX_CREDENTIALS and AKS_CREDENTIAL in names:
            identity = ManagedIdentity(each.binding.resource_id).name
            message = (
                f"Managed identity '{identity}' has {len(names)} federated identity credentials, which is the limit. "
                f"One of them is '{AKS_CREDENTIAL}', which its identity bindings need on all clusters. Keep it."
            )
            yield Finding("warning", snapshot.cluster.reference.name, message)


def check_readable(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding if the identity bindings, or the managed identity of one, could not be read."""
    name = snapshot.cluster.reference.name
    if isinstance(snapshot.bindings, Unreadable):
        message = f"The identity bindings could not be read, so they were not checked: {snapshot.bindings.reason}"
        yield Finding("warning", name, message)
    reasons = [each.identity.reason for each in _bound(snapshot) if isinstance(each.identity, Unreadable)]
    if reasons:
        message = (
            f"The managed identity of {count_of(len(reasons), 'identity binding')} could not be read: {reasons[0]}"
        )
        yield Finding("warning", name, message)


def _bound(snapshot: Snapshot) -> tuple[BoundIdentity, ...]:
    return () if isinstance(snapshot.bindings, Unreadable) else snapshot.bindings


def _credential_names(each: BoundIdentity) -> list[str]:
    found = each.identity.credentials if isinstance(each.identity, IdentityCredentials) else ()
    return [credential.name for credential in found]


def _recreate(snapshot: Snapshot, each: BoundIdentity) -> tuple[str, ...]:
    """Return the commands that delete and recreate a binding."""
    reference, binding = snapshot.cluster.reference, each.binding
    create = create_command(reference, binding.name, binding.resource_id)
    return delete_command(reference, binding.name), create
