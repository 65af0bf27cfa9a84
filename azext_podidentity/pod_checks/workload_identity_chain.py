# SPDX-License-Identifier: MIT
"""Trace a pod with workload identity: service account, client ID, credential or identity binding, injected token.

https://azure.github.io/azure-workload-identity/docs/topics/service-account-labels-and-annotations.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from azext_podidentity.pod_checks.identity_binding_chain import identity_binding_steps
from azext_podidentity.pod_checks.pod_snapshot import PodSnapshot
from azext_podidentity.pod_checks.step import Step
from azext_podidentity.pod_checks.subject import Subject
from azext_podidentity.profile.entries import NotFound, Unreadable
from azext_podidentity.profile.labels import CLIENT_ID_ANNOTATION, USE_LABEL
from azext_podidentity.profile.shell import kubectl_line
from azext_podidentity.profile.workload_credentials import (
    IdentityCredentials,
    IdentityLookup,
    create_command,
    credential_for,
    find_equal,
)

_CLIENT_ID = "AZURE_CLIENT_ID"
_RESTARTABLE = frozenset({"Deployment", "StatefulSet", "DaemonSet"})


@dataclass(frozen=True)
class WorkloadIdentity:
    """The managed identity of a pod's service account.

    `client_id`: the value of its annotation. `lookup`: the managed identity with that client ID and its credentials,
    None if it was not found.
    """

    client_id: str | None = None
    lookup: IdentityLookup | None = None


def annotated_client_id(snapshot: PodSnapshot, subject: Subject) -> str | None:
    """Return the client ID in the annotation of the pod's service account, None without one."""
    spec = subject.spec
    return snapshot.inside.inventory.client_id(spec.key.namespace, spec.service_account)


def workload_identity_steps(snapshot: PodSnapshot, subject: Subject, identity: WorkloadIdentity) -> Iterator[Step]:
    """Yield the steps in order."""
    yield Step("Workload identity", "Ok", f"The pod has the label {USE_LABEL}=true.")
    yield _features_step(snapshot)
    yield _account_step(snapshot, subject, identity)
    if identity.client_id is not None:
        yield _identity_step(identity)
    if isinstance(identity.lookup, IdentityCredentials):
        if subject.spec.uses_identity_binding:
            yield from identity_binding_steps(snapshot, subject, identity.lookup.identity)
        else:
            yield _credential_step(snapshot, subject, identity.lookup)
    yield _token_step(subject)


def _features_step(snapshot: PodSnapshot) -> Step:
    if snapshot.cluster.features.enabled:
        return Step("Cluster features", "Ok", "The OIDC issuer and workload identity are enabled on the cluster.")
    command = snapshot.cluster.reference.update_command("--enable-oidc-issuer", "--enable-workload-identity")
    detail = "The OIDC issuer or workload identity is not enabled on the cluster."
    if not snapshot.cluster.features.oidc_issuer:
        detail += " Enabling the OIDC issuer restarts the API server, and the issuer cannot be disabled again."
    return Step("Cluster features", "Error", detail, command)


def _account_step(snapshot: PodSnapshot, subject: Subject, identity: WorkloadIdentity) -> Step:
    namespace, name = subject.spec.key.namespace, subject.spec.service_account
    account = f"Service account '{namespace}/{name}'"
    if identity.client_id is not None:
        return Step(
            "Service account", "Ok", f"{account} has the annotation {CLIENT_ID_ANNOTATION}={identity.client_id}."
        )
    if _CLIENT_ID in subject.spec.pod.variables:
        return Step("Service account", "Unknown", f"The pod sets {_CLIENT_ID} itself; its value is not evaluated.")
    inside = snapshot.inside
    if (namespace, name) not in inside.inventory.service_accounts and not inside.was_read("ServiceAccount", namespace):
        return Step("Service account", "Unknown", f"{account} was not read.")
    of_namespace = {
        each.identity.client_id
        for each in snapshot.cluster.profile.identities
        if each.key.namespace == namespace and each.identity.client_id
    }
    client_id = of_namespace.pop() if len(of_namespace) == 1 else "CLIENT_ID"
    where = ("serviceaccount", name, "--namespace", namespace)
    command = kubectl_line("annotate", *where, f"{CLIENT_ID_ANNOTATION}={client_id}", "--overwrite")
    return Step("Service account", "Error", f"{account} has no annotation {CLIENT_ID_ANNOTATION}.", command)


def _identity_step(identity: WorkloadIdentity) -> Step:
    lookup = identity.lookup
    if isinstance(lookup, IdentityCredentials):
        return Step("Managed identity", "Ok", f"Managed identity '{lookup.identity.name}' has that client ID.")
    if isinstance(lookup, Unreadable):
        return Step("Managed identity", "Unknown", f"The managed identity could not be read: {lookup.reason}")
    if isinstance(lookup, NotFound):
        return Step("Managed identity", "Error", "The managed identity of that client ID no longer exists.")
    detail = "No managed identity in the cluster's subscription has that client ID. Others were not searched."
    return Step("Managed identity", "Unknown", detail)


def _credential_step(snapshot: PodSnapshot, subject: Subject, found: IdentityCredentials) -> Step:
    issuer = snapshot.cluster.features.issuer
    if issuer is None:
        return Step("Credential", "Unknown", "The cluster has no issuer URL yet, so credentials were not compared.")
    wanted = credential_for(issuer, subject.spec.key.namespace, subject.spec.service_account)
    if equal := find_equal(wanted, found.credentials):
        return Step("Credential", "Ok", f"Federated identity credential '{equal.name}' trusts the service account.")
    detail = f"No federated identity credential trusts issuer {issuer} and subject {wanted.subject}."
    return Step("Credential", "Error", detail, create_command(found.identity.resource_id, wanted))


def _token_step(subject: Subject) -> Step:
    if subject.pod is None:
        return Step(
            "Token", "Unknown", "Only a manifest was read. The webhook injects the token when it creates the pod."
        )
    if subject.spec.pod.has_token:
        return Step("Token", "Ok", "The webhook has injected the token into the pod.")
    owner = subject.pod.owner
    where = (f"{owner.kind.lower()}/{owner.name}", "--namespace", owner.namespace)
    command = kubectl_line("rollout", "restart", *where) if owner.kind in _RESTARTABLE else None
    detail = (
        "The pod has no token: it was created before workload identity was enabled or its label was set. Recreate the "
        "pod."
    )
    return Step("Token", "Error", detail, command)
