# SPDX-License-Identifier: MIT
"""Plan a migration: derive steps and decisions from the state of Azure and Kubernetes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from azext_podidentity.migration import user_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match, Selectors
from azext_podidentity.migration.notices import notices
from azext_podidentity.migration.preparation import missing_preparations
from azext_podidentity.migration.proxy_sidecar import ProxySidecar
from azext_podidentity.migration.resources import plan_resources
from azext_podidentity.migration.service_account_groups import Account, GroupPlanner, ServiceAccountGroup
from azext_podidentity.migration.service_accounts import proposed_account
from azext_podidentity.migration.steps import (
    REMOVE_LABELS,
    BindingStep,
    MigrationPlan,
    Options,
    ServiceAccountStep,
    WorkloadStep,
)
from azext_podidentity.migration.workloads import DEFAULT_ACCOUNT, Workload
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import Profile
from azext_podidentity.profile.identity_bindings import IdentityBinding
from azext_podidentity.profile.labels import BINDING_LABEL
from azext_podidentity.profile.workload_credentials import IdentityLookup, IdentityLookups


def needed_identities(profile: Profile, inventory: Inventory) -> list[str]:
    """Return the resource IDs of the managed identities that labelled workloads use, which a plan requires."""
    matches = _matches(Selectors(profile, inventory.pod_identities), inventory)
    found = {each.resource_id.lower(): each.resource_id for match in matches for each in match.identities}
    return [found[key] for key in sorted(found)]


def plan_migration(
    cluster: Cluster,
    inventory: Inventory,
    lookups: Mapping[str, IdentityLookup],
    options: Options | None = None,
    bindings: Iterable[IdentityBinding] = (),
) -> MigrationPlan:
    """Return the plan for the cluster and the workloads.

    `lookups`: the current state of the managed identities of `needed_identities`, by resource ID. `bindings`: the
    identity bindings of the cluster, required if `reads_bindings` is true. Every workload with the label is in a step
    or blocked by a decision.

    1. Match labels with pod identities, and group the workloads by their new service account.
    2. Determine the client ID and the credentials or identity bindings of each group.
    3. Plan the changes of the workloads that no decision blocks, and of other objects that use the node agent.
    4. Report further information about the migration.
    """
    selectors = Selectors(cluster.profile, inventory.pod_identities)
    planner = _Planner(cluster, inventory, IdentityLookups(lookups, bindings), options or Options(), selectors)
    return planner.plan(_matches(selectors, inventory))


def _matches(selectors: Selectors, inventory: Inventory) -> list[Match]:
    return [selectors.match(each) for each in inventory.workloads if each.binding is not None]


@dataclass
class _Planner:
    """Create one plan. `decisions` collects its decisions."""

    cluster: Cluster
    inventory: Inventory
    lookups: IdentityLookups
    options: Options
    selectors: Selectors
    decisions: list[Decision] = field(default_factory=list)

    def plan(self, matches: Sequence[Match]) -> MigrationPlan:
        """Return the plan for the matches of labelled workloads and pod identities."""
        proxy = ProxySidecar(self.options.proxy_sidecar, self.cluster.kubernetes_version)
        groups = self._groups(matches, proxy)
        group_planner = GroupPlanner(self.cluster, self.inventory, self.lookups, self.options)
        ready = group_planner.complete(groups)
        self.decisions += group_planner.decisions
        bound = {match.workload.key for group in ready for match in group.matches if group.is_bound(match)}
        resources, found = plan_resources(self.inventory, ready, removes_labels=self.options.removes_labels)
        self.decisions += found
        self.decisions += self._selected(matches)
        blocked = {key for each in self.decisions for key in each.blocked_workloads}
        steps = [
            WorkloadStep(
                match.workload,
                group.account[1],
                match.identities,
                proxy_sidecar=proxy.wanted(match.workload),
                identity_binding=match.workload.key in bound,
                stage=self.options.stage,
            )
            for group in ready
            for match in group.matches
            if match.workload.key not in blocked and self._is_prepared(group, match.workload)
        ]
        steps.sort(key=lambda step: step.workload.key)
        self.decisions += notices(
            self.cluster, self.inventory, self.lookups, matches=matches, groups=ready, steps=steps, proxy=proxy
        )
        return MigrationPlan(
            cluster=self.cluster,
            stage=self.options.stage,
            credentials=tuple(step for group in ready for step in group.credentials),
            bindings=_merged(step for group in ready for step in group.bindings),
            accounts=tuple(self._account_step(group) for group in ready),
            workloads=tuple(steps),
            resources=tuple(resources),
            decisions=tuple(self.decisions),
        )

    def _groups(self, matches: Sequence[Match], proxy: ProxySidecar) -> list[ServiceAccountGroup]:
        """Group the workloads by their new service account, without those that need a decision first."""
        placed: dict[Account, list[Match]] = defaultdict(list)
        undecided: dict[Account, list[Match]] = defaultdict(list)
        for found in matches:
            match = found.with_identities(self.lookups.now)
            bound = match.workload.uses_identity_binding or any(map(self.options.binds, match.identities))
            obstacles = [*self._obstacles(match), *proxy.obstacles(match.workload, bound=bound)]
            self.decisions += obstacles
            if obstacles:
                continue
            workload = match.workload
            account = (workload.key.namespace, workload.service_account)
            if workload.service_account != DEFAULT_ACCOUNT or self._is_annotated(account, match):
                placed[account].append(match)
            else:
                proposed = (workload.key.namespace, proposed_account(match, self.inventory))
                (placed if self.options.new_service_accounts else undecided)[proposed].append(match)
        for account in sorted(undecided):
            self.decisions.append(workload_decisions.default_service_account(*account, undecided[account]))
        return [ServiceAccountGroup(account, tuple(placed[account])) for account in sorted(placed)]

    def _obstacles(self, match: Match) -> Iterable[Decision]:
        """Yield the decisions of a workload that do not depend on its service account."""
        workload = match.workload
        if not match.entries:
            similar, add_on = self.selectors.similar(workload), self.cluster.profile.enabled
            yield workload_decisions.no_identity(match, similar, add_on=add_on)
            return
        if BINDING_LABEL in workload.selector:
            yield workload_decisions.label_in_selector(workload)
        if workload.pod.flex_volumes:
            yield user_decisions.flex_volume(workload)
        if workload.pod.affinity and self.options.removes_labels:
            yield workload_decisions.affinity(workload)
        if workload.other_accounts:
            yield workload_decisions.several_accounts(workload)
        accounts = sorted({each.service_account for each in self.inventory.pods.get(workload.key, ())})
        if workload.owner_missing and len(accounts) > 1:
            yield workload_decisions.pods_differ(workload, accounts)

    def _is_annotated(self, account: Account, match: Match) -> bool:
        """Return whether the service account has the client ID of one of the workload's managed identities."""
        return self.inventory.client_id(*account) in [each.client_id for each in match.identities]

    def _selected(self, matches: Sequence[Match]) -> Iterable[Decision]:
        """Yield the decisions about objects that select pods by the label."""
        for key in self.inventory.selecting:
            labelled = [match.workload.key for match in matches if match.workload.key.namespace == key.namespace]
            yield user_decisions.label_selected(key, labelled if self.options.removes_labels else ())

    def _is_prepared(self, group: ServiceAccountGroup, workload: Workload) -> bool:
        """Return whether the label of the workload can be removed in this stage, and add a decision if not."""
        if self.options.stage != REMOVE_LABELS:
            return True
        reason = next(missing_preparations(self.inventory, group, workload), "")
        if reason:
            self.decisions.append(workload_decisions.not_prepared(workload, reason))
        return not reason

    def _account_step(self, group: ServiceAccountGroup) -> ServiceAccountStep:
        namespace, name = group.account
        existing = self.inventory.service_accounts.get(group.account)
        previous = {match.workload.service_account for match in group.matches} - {name}
        accounts = (self.inventory.service_accounts.get((namespace, each)) for each in sorted(previous))
        secrets = dict.fromkeys(secret for each in accounts if each for secret in each.image_pull_secrets)
        return ServiceAccountStep(
            namespace,
            name,
            group.client_id,
            exists=existing is not None,
            annotated=existing is not None
            and existing.client_id == group.client_id
            and (not group.bindings or existing.tenant_id == group.tenant_id),
            image_pull_secrets=() if existing else tuple(secrets),
            tenant_id=group.tenant_id,
        )


def _merged(steps: Iterable[BindingStep]) -> tuple[BindingStep, ...]:
    """Return one step per managed identity with all its service accounts, sorted by resource ID."""
    merged: dict[str, BindingStep] = {}
    for step in steps:
        key = step.identity.resource_id.lower()
        accounts = merged[key].accounts if key in merged else ()
        merged[key] = replace(step, accounts=(*accounts, *step.accounts))
    return tuple(merged[key] for key in sorted(merged))
