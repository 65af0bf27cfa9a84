# SPDX-License-Identifier: MIT
"""Trace a pod with workload identity through the identity binding of its managed identity.

https://learn.microsoft.com/azure/aks/identity-bindings-concepts
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azext_podidentity.checks import identity_bindings
from azext_podidentity.pod_checks.binding_access import can_use_command, grant_command, no_role, unreadable_roles
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.pod_checks.step import Step, step_of
from azext_podidentity.pod_checks.subject import Subject
from azext_podidentity.profile.entries import ManagedIdentity, Unreadable
from azext_podidentity.profile.identity_bindings import SUCCEEDED, binding_name, create_command

BINDING, ROLE = "Identity binding", "Cluster role"


def identity_binding_steps(snapshot: PodSnapshot, subject: Subject, identity: ManagedIdentity) -> Iterator[Step]:
    """Yield the steps of the identity binding and of the ClusterRole that lets the service account use it."""
    yield _binding_step(snapshot, identity)
    yield _role_step(snapshot, subject, identity)


def _binding_step(snapshot: PodSnapshot, identity: ManagedIdentity) -> Step:
    azure = snapshot.azure
    if isinstance(azure.bindings, Unreadable):
        detail = f"The identity bindings of the cluster could not be read: {azure.bindings.reason}"
        return Step(BINDING, "Unknown", detail)
    bound = [each for each in azure.bindings if each.binding.binds(identity.resource_id)]
    if not bound:
        command = create_command(azure.cluster.reference, binding_name(identity.resource_id), identity.resource_id)
        detail = f"The cluster has no identity binding of managed identity '{identity.name}'."
        return Step(BINDING, "Error", detail, command)
    binding = bound[0].binding
    if binding.state != SUCCEEDED and not binding.failed:
        return Step(BINDING, "Unknown", f"Identity binding '{binding.name}' is in state {binding.state}.")
    of_identity = replace(azure, bindings=tuple(bound))
    findings = (*identity_bindings.check_identities(of_identity), *identity_bindings.check_failed(of_identity))
    return step_of(BINDING, findings, f"Identity binding '{binding.name}' binds managed identity '{identity.name}'.")


def _role_step(snapshot: PodSnapshot, subject: Subject, identity: ManagedIdentity) -> Step:
    namespace, name = subject.spec.key.namespace, subject.spec.service_account
    client_id, inside = identity.client_id or "", snapshot.inside
    account = f"Service account '{namespace}/{name}'"
    if inside.inventory.binding_roles.allows(namespace, name, client_id):
        return Step(ROLE, "Ok", f"{account} may use the identity binding by a ClusterRole.")
    if inside.knows_roles and client_id:
        command = grant_command(identity, namespace, name, client_id)
        return Step(ROLE, "Error", no_role(namespace, name, client_id), command)
    detail = f"{account} needs a ClusterRole that allows it to use the identity binding, and none was read."
    if inside.roles_unreadable is not None:
        detail = unreadable_roles(inside.roles_unreadable)
    return Step(ROLE, "Unknown", detail, can_use_command(namespace, name, client_id))
