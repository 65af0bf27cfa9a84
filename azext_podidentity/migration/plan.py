"""The plan of a migration: what is read of Azure and Kubernetes in, steps and decisions out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from azext_podidentity.migration import decisions
from azext_podidentity.migration.decisions import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match, Selectors, excepted
from azext_podidentity.migration.service_accounts import proposed_account
from azext_podidentity.migration.steps import AccountStep, CredentialStep, Options, Plan, WorkloadStep
from azext_podidentity.migration.workloads import DEFAULT_ACCOUNT, ObjectKey
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Profile
from azext_podidentity.profile.entry_types import SERVICE_EXCEPTION
from azext_podidentity.profile.labels import BINDING_LABEL, PROXY_ANNOTATION
from azext_podidentity.profile.workload_credentials import (
    MAX_CREDENTIALS,
    MaybeReading,
    Readings,
    credential_for,
    find_different,
    find_equal,
)

Account = tuple[str, str]


@dataclass(frozen=True)
class _Group:
    """The workloads that are to run as one service account."""

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
    """The resource ids of the managed identities that labelled workloads use: those a plan has to be told of."""
    matches = _matches(Selectors(profile), inventory)
    found = {each.resource_id.lower(): each.resource_id for match in matches for each in match.identities}
    return [found[key] for key in sorted(found)]


def make_plan(
    cluster: Cluster,
    inventory: Inventory,
    readings: Mapping[str, MaybeReading],
    options: Options | None = None,
) -> Plan:
    """The plan for the cluster and the workloads.

    `readings` has, by resource id, the managed identities of `needed_identities` as they are now. Every workload that
    carries the label is in a step or blocked by a decision.
    """
    selectors = Selectors(cluster.profile)
    planner = _Planner(cluster, inventory, Readings(readings), options or Options(), selectors)
    return planner.plan(_matches(selectors, inventory))


def _matches(selectors: Selectors, inventory: Inventory) -> list[Match]:
    return [selectors.match(each) for each in inventory.workloads if each.binding is not None]


@dataclass
class _Planner:
    """Makes one plan; `decisions` fills on the way."""

    cluster: Cluster
    inventory: Inventory
    readings: Readings
    options: Options
    selectors: Selectors
    decisions: list[Decision] = field(default_factory=list)

    def plan(self, matches: Sequence[Match]) -> Plan:
        """Workloads that carry the label and the pod identities each gets → the plan."""
        groups = [group for each in self._groups(matches) if (group := self._settled(each)) is not None]
        groups = self._within_limits(groups)
        steps = [
            WorkloadStep(match.workload, group.account[1], match.identities, self.options.proxy_sidecar)
            for group in groups
            for match in group.matches
        ]
        steps.sort(key=lambda step: step.workload.key)
        self._inform(matches, steps)
        return Plan(
            cluster=self.cluster,
            credentials=tuple(step for group in groups for step in group.credentials),
            accounts=tuple(self._account_step(group) for group in groups),
            workloads=tuple(steps),
            decisions=tuple(self.decisions),
        )

    def _groups(self, matches: Sequence[Match]) -> list[_Group]:
        """The workloads by the service account they are to run as, without those where that is to be decided."""
        placed: dict[Account, list[Match]] = defaultdict(list)
        undecided: dict[Account, list[Match]] = defaultdict(list)
        for found in matches:
            match = found.with_identities(self.readings.now)
            workload = match.workload
            account = (workload.key.namespace, workload.service_account)
            if not match.entries:
                self.decisions.append(decisions.no_identity(match, self.selectors.near(workload)))
            elif BINDING_LABEL in workload.selector:
                self.decisions.append(decisions.label_in_selector(workload))
            elif workload.service_account != DEFAULT_ACCOUNT or self._is_annotated(account, match):
                placed[account].append(match)
            else:
                proposed = (workload.key.namespace, proposed_account(match, self.inventory))
                (placed if self.options.new_service_accounts else undecided)[proposed].append(match)
        self.decisions += [decisions.default_account(*each, undecided[each]) for each in sorted(undecided)]
        return [_Group(account, tuple(placed[account])) for account in sorted(placed)]

    def _is_annotated(self, account: Account, match: Match) -> bool:
        """Whether somebody decided that the service account is to be one of the workload's managed identities."""
        return self.inventory.client_id(*account) in [each.client_id for each in match.identities]

    def _settled(self, group: _Group) -> _Group | None:
        """The group with its client id and credentials; None where something about it has to be decided first."""
        found = list(self._obstacles(group))
        self.decisions += found
        if found:
            return None
        annotated = self.inventory.client_id(*group.account)
        client_id = annotated or group.identities[0].client_id or ""
        return replace(group, client_id=client_id, credentials=self._credential_steps(group))

    def _obstacles(self, group: _Group) -> Iterator[Decision]:
        gone = [each for each in group.identities if self.readings.is_missing(each)]
        if gone:
            reference = self.cluster.reference
            yield from (decisions.missing_identity(reference, each.resource_id, group.workloads) for each in gone)
            return
        reasons = {each.resource_id: self.readings.unknown(each) for each in group.identities}
        for resource_id, reason in reasons.items():
            if reason is not None:
                yield decisions.unknown_identity(resource_id, reason, group.workloads)
        if any(reasons.values()):
            return
        yield from self._unclear_client(group)
        for step in self._credential_steps(group):
            there = self.readings.credentials(step.identity)
            different = None if step.credential is None else find_different(step.credential, there)
            if step.credential is not None and different is not None and not step.exists:
                yield decisions.different_credential(step.identity, step.credential, different, group.workloads)

    def _unclear_client(self, group: _Group) -> Iterator[Decision]:
        """The service account's own annotation decides which client id is the default."""
        annotated = self.inventory.client_id(*group.account)
        if annotated in [each.client_id for each in group.identities]:
            return
        if len(group.identities) == 1:
            if annotated is not None:
                (wanted,) = group.identities
                yield decisions.other_client_id(*group.account, annotated, wanted, group.workloads)
            return
        several = [match for match in group.matches if len(match.identities) > 1]
        yield from map(decisions.several_identities, several)
        single = [match for match in group.matches if match not in several]
        if single:
            yield decisions.shared_account(*group.account, single)

    def _within_limits(self, groups: Sequence[_Group]) -> list[_Group]:
        """Without the groups that need a credential of a managed identity for which all would be too many."""
        new: dict[str, list[_Group]] = defaultdict(list)
        for group in groups:
            for step in group.credentials:
                if not step.exists:
                    new[step.identity.resource_id.lower()].append(group)
        left_out: set[Account] = set()
        for resource_id, needing in sorted(new.items()):
            identity = next(each for each in needing[0].identities if each.resource_id.lower() == resource_id)
            there = len(self.readings.credentials(identity))
            if there + len(needing) > MAX_CREDENTIALS:
                blocked = sorted(key for group in needing for key in group.workloads)
                self.decisions.append(decisions.too_many_credentials(identity, there, len(needing), blocked))
                left_out |= {group.account for group in needing}
        return [group for group in groups if group.account not in left_out]

    def _inform(self, matches: Sequence[Match], steps: Sequence[WorkloadStep]) -> None:
        """Adds what a person should know and what blocks nothing."""
        profile = self.cluster.profile
        if not profile.enabled:
            self.decisions.append(decisions.add_on_disabled(self.cluster.reference))
        used = {entry.key for match in matches for entry in match.entries} | self._migrated()
        unused = sorted((entry for entry in profile.identities if entry.key not in used), key=lambda entry: entry.key)
        self.decisions += map(decisions.unused_identity, unused)
        for exception in profile.exceptions:
            if exception.key != SERVICE_EXCEPTION:
                matched = excepted(exception, self.inventory.workloads)
                self.decisions.append(decisions.moot_exception(exception, matched))
        for step in steps:
            workload = step.workload
            if workload.imds and workload.annotations.get(PROXY_ANNOTATION) != "true" and not step.proxy_sidecar:
                self.decisions.append(decisions.calls_imds(workload))
            if not step.patchable:
                explain = decisions.unseen_controller if workload.unseen else decisions.unnamed
                self.decisions.append(explain(workload))

    def _migrated(self) -> set[EntryKey]:
        """The pod identities in whose namespace a workload has their managed identity by workload identity."""
        client_ids = {
            (each.key.namespace, self.inventory.client_id(each.key.namespace, each.service_account))
            for each in self.inventory.workloads
            if each.uses_workload_identity
        }
        entries = self.cluster.profile.identities
        return {
            entry.key
            for entry in entries
            if (entry.key.namespace, self.readings.now(entry.identity).client_id) in client_ids
        }

    def _credential_steps(self, group: _Group) -> tuple[CredentialStep, ...]:
        issuer = self.cluster.features.issuer
        namespace, name = group.account
        wanted = credential_for(issuer, namespace, name) if issuer else None
        steps = []
        for identity in group.identities:
            equal = None if wanted is None else find_equal(wanted, self.readings.credentials(identity))
            steps.append(CredentialStep(identity, namespace, name, equal or wanted, exists=equal is not None))
        return tuple(steps)

    def _account_step(self, group: _Group) -> AccountStep:
        there = self.inventory.service_accounts.get(group.account)
        annotated = there is not None and there.client_id == group.client_id
        return AccountStep(*group.account, group.client_id, exists=there is not None, annotated=annotated)
