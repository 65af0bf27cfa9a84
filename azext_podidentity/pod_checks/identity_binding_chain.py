# SPDX-License-Identifier: MIT
"""Trace a pod with workload identity through the identity binding of its managed identity.

https://learn.microsoft.com/azure/aks/identity-bindings-concepts
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from azext_podidentity.checks import identity_bindings
from azext_podidentity.migration.binding_roles import API_GROUP, VERB
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.pod_checks.step import Step, step_of
from azext_podidentity.pod_checks.subject import Subject
from azext_podidentity.profile.entries import ManagedIdentity, Unreadable
from azext_podidentity.profile.identity_bindings import SUCCEEDED, binding_name, create_command
from azext_podidentity.profile.shell import kubectl_line

BINDING = "Identity binding"


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
    account = f"Service account '{namespace}/{name}'"
    if snapshot.inside.inventory.binding_roles.allows(namespace, name, identity.client_id):
        return Step("Cluster role", "Ok", f"{account} may use the identity binding by a ClusterRole.")
    user = f"--as=system:serviceaccount:{namespace}:{name}"
    command = kubectl_line("auth", "can-i", VERB, f"{identity.client_id}.{API_GROUP}", user)
    detail = f"{account} needs a ClusterRole that allows it to use the identity binding, and none was read."
    return Step("Cluster role", "Unknown", detail, command)
