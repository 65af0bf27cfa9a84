# SPDX-License-Identifier: MIT
"""Report decisions that block no workload: what you should know or do in addition to the steps."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence

from azext_podidentity.migration import binding_decisions, identity_decisions, user_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match, excepted
from azext_podidentity.migration.proxy_sidecar import ProxySidecar
from azext_podidentity.migration.service_account_groups import ServiceAccountGroup
from azext_podidentity.migration.steps import WorkloadStep
from azext_podidentity.migration.workloads import GENERATED, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import PodIdentity
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.workload_credentials import FederatedCredential, IdentityLookups


def notices(
    cluster: Cluster,
    inventory: Inventory,
    lookups: IdentityLookups,
    *,
    matches: Sequence[Match],
    groups: Sequence[ServiceAccountGroup],
    steps: Sequence[WorkloadStep],
    proxy: ProxySidecar,
) -> Iterator[Decision]:
    """Yield the decisions that block no workload; those that require an action come first."""
    yield from map(user_decisions.label_not_understood, inventory.mentions)
    yield from map(user_decisions.finished_workload, inventory.finished)
    for step in steps:
        yield from _of_step(step, proxy)
    if groups and not cluster.features.oidc_issuer:
        yield identity_decisions.enables_oidc_issuer(cluster.reference)
    if not cluster.profile.enabled:
        yield identity_decisions.add_on_disabled(cluster.reference)
    yield from map(identity_decisions.unused_identity, unused_identities(cluster, inventory, lookups))
    for exception in cluster.profile.exceptions:
        if exception.key != SERVICE_EXCEPTION:
            matched = excepted(exception, inventory.workloads)
            yield identity_decisions.exception_without_effect(exception, matched)
    yield from _former_issuers(cluster, lookups, matches)
    yield from _of_service_accounts(inventory, groups)
    if inventory.kinds_not_read:
        yield user_decisions.kinds_not_read(cluster.reference.name, inventory.kinds_not_read)
    for key, names in inventory.settings:
        yield user_decisions.signs_in_with_imds(key, names)


def unused_identities(cluster: Cluster, inventory: Inventory, lookups: IdentityLookups) -> list[PodIdentity]:
    """Return the pod identities that no workload in the inventory uses, by its label or by workload identity."""
    labelled = (*inventory.workloads, *inventory.finished, *inventory.stale_pods)
    bindings = {(each.key.namespace, each.binding) for each in labelled if each.binding is not None}
    client_ids = {
        (each.key.namespace, inventory.client_id(each.key.namespace, each.service_account))
        for each in inventory.workloads
        if each.uses_workload_identity
    }
    return [
        entry
        for entry in sorted(cluster.profile.identities, key=lambda entry: entry.key)
        if (entry.key.namespace, entry.effective_selector) not in bindings
        and (entry.key.namespace, lookups.now(entry.identity).client_id) not in client_ids
    ]


def _of_step(step: WorkloadStep, proxy: ProxySidecar) -> Iterator[Decision]:
    workload = step.workload
    template = workload.template
    if template is None:
        yield workload_decisions.owner_not_read(workload)
    elif template.immutable:
        yield workload_decisions.recreate(workload, _delete_command(step))
    elif workload.key.name.endswith(GENERATED):
        yield workload_decisions.generated_name(workload)
    elif template.has_lists:
        yield workload_decisions.template_list(workload)
    if step.identity_binding:
        mounts_only = workload.pod.secret_provider_classes and not (workload.pod.imds or workload.pod.variables)
        decide = binding_decisions.secrets_use_binding if mounts_only else binding_decisions.code_must_opt_in
        yield decide(workload)
    if step.proxy_sidecar:
        yield workload_decisions.proxy_limits(workload, proxy.limits(workload))
    if workload.pod.variables or workload.pod.secret_variables:
        yield user_decisions.environment_override(workload)
    if workload.managed_by is not None:
        yield workload_decisions.managed_by_tool(workload)


def _delete_command(step: WorkloadStep) -> str | None:
    """Return the command that deletes a pod or job, None for a generated name."""
    key, template = step.workload.key, step.workload.template
    if template is None or key.name.endswith(GENERATED):
        return None
    return shlex.join(["kubectl", "delete", template.resource, key.name, "--namespace", key.namespace])


def _of_service_accounts(inventory: Inventory, groups: Sequence[ServiceAccountGroup]) -> Iterator[Decision]:
    unlabelled: dict[tuple[str, str], list[Workload]] = defaultdict(list)
    for each in inventory.workloads:
        if each.binding is None and not each.uses_workload_identity:
            unlabelled[each.key.namespace, each.service_account].append(each)
    for group in groups:
        namespace, account = group.account
        for previous in sorted({match.workload.service_account for match in group.matches} - {account}):
            if names := inventory.role_bindings.get((namespace, previous), ()):
                yield workload_decisions.role_bindings(namespace, previous, account, names)
        others = unlabelled.get(group.account)
        if others:
            yield workload_decisions.shared_with_unlabelled(namespace, account, others)


def _former_issuers(cluster: Cluster, lookups: IdentityLookups, matches: Sequence[Match]) -> Iterator[Decision]:
    """Yield the credentials that this command created for another issuer."""
    identities = {each.resource_id.lower(): each for match in matches for each in match.identities}
    for _, identity in sorted(identities.items()):
        former: dict[str, list[FederatedCredential]] = defaultdict(list)
        for credential in lookups.credentials(identity):
            if credential.created_by_us and credential.issuer != cluster.features.issuer:
                former[credential.issuer].append(credential)
        for issuer, credentials in sorted(former.items()):
            yield identity_decisions.former_issuer(cluster.reference, identity, issuer, credentials)
