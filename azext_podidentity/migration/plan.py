"""Plan a migration: from what was read of Azure and Kubernetes to steps and decisions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from azext_podidentity.migration import identity_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match, Selectors, excepted
from azext_podidentity.migration.service_accounts import proposed_account
from azext_podidentity.migration.steps import CredentialStep, MigrationPlan, Options, ServiceAccountStep, WorkloadStep
from azext_podidentity.migration.workloads import DEFAULT_ACCOUNT, ObjectKey
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Profile
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.labels import BINDING_LABEL, PROXY_ANNOTATION
from azext_podidentity.profile.workload_credentials import (
    MAX_CREDENTIALS,
    IdentityLookup,
    IdentityLookups,
    credential_for,
    find_conflicting,
    find_equal,
)

Account = tuple[str, str]


@dataclass(frozen=True)
class _Group:
    """The workloads that run as one service account after the migration."""

    account: Account
    matches: tuple[Match, ...]
    client_id: str = ""
    credentials: tuple[CredentialStep, ...] = ()

    @property
    def workloads(self) -> tuple[ObjectKey, ...]:
        return tuple(match.workload.key for match in self.matches)

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        found = {each.resource_id.lower(): each for match in self.matches for each in match.identities}
        return tuple(found[key] for key in sorted(found))


def needed_identities(profile: Profile, inventory: Inventory) -> list[str]:
    """Return the resource IDs of the managed identities that labelled workloads use, which a plan has to know."""
    matches = _matches(Selectors(profile), inventory)
    found = {each.resource_id.lower(): each.resource_id for match in matches for each in match.identities}
    return [found[key] for key in sorted(found)]


def plan_migration(
    cluster: Cluster,
    inventory: Inventory,
    lookups: Mapping[str, IdentityLookup],
    options: Options | None = None,
) -> MigrationPlan:
    """Return the plan for the cluster and the workloads.

    `lookups` has, by resource ID, the current state of the managed identities of `needed_identities`. Every workload
    with the label is in a step or blocked by a decision.
    """
    selectors = Selectors(cluster.profile)
    planner = _Planner(cluster, inventory, IdentityLookups(lookups), options or Options(), selectors)
    return planner.plan(_matches(selectors, inventory))


def _matches(selectors: Selectors, inventory: Inventory) -> list[Match]:
    return [selectors.match(each) for each in inventory.workloads if each.binding is not None]


@dataclass
class _Planner:
    """Make one plan; `decisions` collects its decisions."""

    cluster: Cluster
    inventory: Inventory
    lookups: IdentityLookups
    options: Options
    selectors: Selectors
    decisions: list[Decision] = field(default_factory=list)

    def plan(self, matches: Sequence[Match]) -> MigrationPlan:
        """Return the plan for workloads with the label and the pod identities that each gets."""
        groups = [group for each in self._groups(matches) if (group := self._settled(each)) is not None]
        groups = self._within_limits(groups)
        steps = [
            WorkloadStep(match.workload, group.account[1], match.identities, self.options.proxy_sidecar)
            for group in groups
            for match in group.matches
        ]
        steps.sort(key=lambda step: step.workload.key)
        self._inform(matches, steps)
        return MigrationPlan(
            cluster=self.cluster,
            credentials=tuple(step for group in groups for step in group.credentials),
            accounts=tuple(self._account_step(group) for group in groups),
            workloads=tuple(steps),
            decisions=tuple(self.decisions),
        )

    def _groups(self, matches: Sequence[Match]) -> list[_Group]:
        """Group the workloads by their future service account, without those that need a decision for that."""
        placed: dict[Account, list[Match]] = defaultdict(list)
        undecided: dict[Account, list[Match]] = defaultdict(list)
        for found in matches:
            match = found.with_identities(self.lookups.now)
            workload = match.workload
            account = (workload.key.namespace, workload.service_account)
            if not match.entries:
                self.decisions.append(workload_decisions.no_identity(match, self.selectors.similar(workload)))
            elif BINDING_LABEL in workload.selector:
                self.decisions.append(workload_decisions.label_in_selector(workload))
            elif workload.service_account != DEFAULT_ACCOUNT or self._is_annotated(account, match):
                placed[account].append(match)
            else:
                proposed = (workload.key.namespace, proposed_account(match, self.inventory))
                (placed if self.options.new_service_accounts else undecided)[proposed].append(match)
        self.decisions += [
            workload_decisions.default_service_account(*each, undecided[each]) for each in sorted(undecided)
        ]
        return [_Group(account, tuple(placed[account])) for account in sorted(placed)]

    def _is_annotated(self, account: Account, match: Match) -> bool:
        """Return whether the service account is already annotated with one of the workload's managed identities."""
        return self.inventory.client_id(*account) in [each.client_id for each in match.identities]

    def _settled(self, group: _Group) -> _Group | None:
        """Return the group with its client ID and credentials, None if it needs a decision first."""
        found = list(self._obstacles(group))
        self.decisions += found
        if found:
            return None
        annotated = self.inventory.client_id(*group.account)
        client_id = annotated or group.identities[0].client_id or ""
        return replace(group, client_id=client_id, credentials=self._credential_steps(group))

    def _obstacles(self, group: _Group) -> Iterator[Decision]:
        gone = [each for each in group.identities if self.lookups.is_missing(each)]
        if gone:
            reference = self.cluster.reference
            yield from (
                identity_decisions.managed_identity_not_found(reference, each.resource_id, group.workloads)
                for each in gone
            )
            return
        reasons = {each.resource_id: self.lookups.unreadable(each) for each in group.identities}
        for resource_id, reason in reasons.items():
            if reason is not None:
                yield identity_decisions.managed_identity_unreadable(resource_id, reason, group.workloads)
        if any(reasons.values()):
            return
        yield from self._unclear_client(group)
        for step in self._credential_steps(group):
            existing = self.lookups.credentials(step.identity)
            conflicting = None if step.credential is None else find_conflicting(step.credential, existing)
            if step.credential is not None and conflicting is not None and not step.exists:
                yield identity_decisions.conflicting_credential(
                    step.identity, step.credential, conflicting, group.workloads
                )

    def _unclear_client(self, group: _Group) -> Iterator[Decision]:
        """Yield the decisions about the default client ID, which the service account's own annotation decides."""
        annotated = self.inventory.client_id(*group.account)
        if annotated in [each.client_id for each in group.identities]:
            return
        if len(group.identities) == 1:
            if annotated is not None:
                (wanted,) = group.identities
                yield identity_decisions.other_client_id(*group.account, annotated, wanted, group.workloads)
            return
        several = [match for match in group.matches if len(match.identities) > 1]
        yield from map(workload_decisions.several_identities, several)
        single = [match for match in group.matches if match not in several]
        if single:
            yield workload_decisions.shared_service_account(*group.account, single)

    def _within_limits(self, groups: Sequence[_Group]) -> list[_Group]:
        """Return the groups without those of managed identities that would exceed their limit of credentials."""
        new: dict[str, list[_Group]] = defaultdict(list)
        for group in groups:
            for step in group.credentials:
                if not step.exists:
                    new[step.identity.resource_id.lower()].append(group)
        excluded: set[Account] = set()
        for resource_id, needing in sorted(new.items()):
            identity = next(each for each in needing[0].identities if each.resource_id.lower() == resource_id)
            existing = len(self.lookups.credentials(identity))
            if existing + len(needing) > MAX_CREDENTIALS:
                blocked = sorted(key for group in needing for key in group.workloads)
                self.decisions.append(
                    identity_decisions.too_many_credentials(identity, existing, len(needing), blocked)
                )
                excluded |= {group.account for group in needing}
        return [group for group in groups if group.account not in excluded]

    def _inform(self, matches: Sequence[Match], steps: Sequence[WorkloadStep]) -> None:
        """Add the decisions that block no workload."""
        profile = self.cluster.profile
        if not profile.enabled:
            self.decisions.append(identity_decisions.add_on_disabled(self.cluster.reference))
        used = {entry.key for match in matches for entry in match.entries} | self._migrated()
        unused = sorted((entry for entry in profile.identities if entry.key not in used), key=lambda entry: entry.key)
        self.decisions += map(identity_decisions.unused_identity, unused)
        for exception in profile.exceptions:
            if exception.key != SERVICE_EXCEPTION:
                matched = excepted(exception, self.inventory.workloads)
                self.decisions.append(identity_decisions.exception_without_effect(exception, matched))
        for step in steps:
            workload = step.workload
            if workload.imds and workload.annotations.get(PROXY_ANNOTATION) != "true" and not step.proxy_sidecar:
                self.decisions.append(workload_decisions.calls_imds(workload))
            if not step.patchable:
                explain = (
                    workload_decisions.owner_not_read if workload.owner_missing else workload_decisions.generated_name
                )
                self.decisions.append(explain(workload))

    def _migrated(self) -> set[EntryKey]:
        """Return the pod identities whose managed identity a workload of their namespace uses by workload identity."""
        client_ids = {
            (each.key.namespace, self.inventory.client_id(each.key.namespace, each.service_account))
            for each in self.inventory.workloads
            if each.uses_workload_identity
        }
        entries = self.cluster.profile.identities
        return {
            entry.key
            for entry in entries
            if (entry.key.namespace, self.lookups.now(entry.identity).client_id) in client_ids
        }

    def _credential_steps(self, group: _Group) -> tuple[CredentialStep, ...]:
        issuer = self.cluster.features.issuer
        namespace, name = group.account
        wanted = credential_for(issuer, namespace, name) if issuer else None
        steps = []
        for identity in group.identities:
            equal = None if wanted is None else find_equal(wanted, self.lookups.credentials(identity))
            steps.append(CredentialStep(identity, namespace, name, equal or wanted, exists=equal is not None))
        return tuple(steps)

    def _account_step(self, group: _Group) -> ServiceAccountStep:
        existing = self.inventory.service_accounts.get(group.account)
        annotated = existing is not None and existing.client_id == group.client_id
        return ServiceAccountStep(*group.account, group.client_id, exists=existing is not None, annotated=annotated)
