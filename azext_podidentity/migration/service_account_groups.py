# SPDX-License-Identifier: MIT
"""Determine the client ID and the credentials or identity bindings of each service account."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from azext_podidentity.migration import binding_decisions, identity_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.steps import IDENTITY_BINDING, BindingStep, CredentialStep, Options
from azext_podidentity.migration.workloads import ObjectKey
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.entries import ManagedIdentity
from azext_podidentity.profile.workload_credentials import (
    MAX_CREDENTIALS,
    IdentityLookups,
    credential_for,
    find_conflicting,
    find_equal,
)

Account = tuple[str, str]


@dataclass(frozen=True)
class ServiceAccountGroup:
    """The workloads that use the same service account after the migration."""

    account: Account
    matches: tuple[Match, ...]
    client_id: str = ""
    credentials: tuple[CredentialStep, ...] = ()
    bindings: tuple[BindingStep, ...] = ()

    @property
    def workloads(self) -> tuple[ObjectKey, ...]:
        """Return the workloads of the group."""
        return tuple(match.workload.key for match in self.matches)

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        """Return the managed identities that the workloads currently use, sorted by resource ID, without duplicates."""
        found = {each.resource_id.lower(): each for match in self.matches for each in match.identities}
        return tuple(found[key] for key in sorted(found))

    @property
    def tenant_id(self) -> str | None:
        """The tenant ID that identity bindings require, None without bindings or if it is unknown."""
        identities = (step.binding.tenant_id if step.binding else step.identity.tenant_id for step in self.bindings)
        return next(filter(None, identities), None)

    def is_bound(self, match: Match) -> bool:
        """Return whether the workload gets a managed identity through an identity binding."""
        bound = {step.identity.resource_id.lower() for step in self.bindings}
        return any(each.resource_id.lower() in bound for each in match.identities)


class GroupPlanner:  # pylint: disable=too-few-public-methods
    """Determine the client ID, credentials and identity bindings of each group.

    `decisions` collects the decisions about groups for which that is not possible yet.
    """

    def __init__(self, cluster: Cluster, inventory: Inventory, lookups: IdentityLookups, options: Options) -> None:
        self.cluster = cluster
        self.inventory = inventory
        self.lookups = lookups
        self.options = options
        self.decisions: list[Decision] = []

    def complete(self, groups: Sequence[ServiceAccountGroup]) -> list[ServiceAccountGroup]:
        """Return the groups that need no decision, completed with client ID, credentials and identity bindings."""
        completed = [group for each in groups if (group := self._completed(each)) is not None]
        return self._within_limits(completed)

    def _completed(self, group: ServiceAccountGroup) -> ServiceAccountGroup | None:
        """Return the completed group, None if it needs a decision first."""
        found = list(self._obstacles(group))
        self.decisions += found
        if found:
            return None
        annotated = self.inventory.client_id(*group.account)
        client_id = annotated or group.identities[0].client_id or ""
        bindings = tuple(BindingStep(each, (group.account,), self.lookups.binding(each)) for each in self._bound(group))
        return replace(group, client_id=client_id, credentials=self._credential_steps(group), bindings=bindings)

    def _obstacles(self, group: ServiceAccountGroup) -> Iterator[Decision]:
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
        for identity in self._bound(group):
            yield from self._binding_obstacles(identity, group.workloads)
        for step in self._credential_steps(group):
            existing = self.lookups.credentials(step.identity)
            conflicting = None if step.credential is None else find_conflicting(step.credential, existing)
            if step.credential is not None and conflicting is not None and not step.exists:
                yield identity_decisions.conflicting_credential(
                    step.identity, step.credential, conflicting, group.workloads
                )

    def _bound(self, group: ServiceAccountGroup) -> list[ManagedIdentity]:
        """Return the managed identities that get an identity binding, or whose binding is already in use."""
        using = {
            each.resource_id.lower()
            for match in group.matches
            if match.workload.uses_identity_binding
            for each in match.identities
        }
        return [
            each
            for each in group.identities
            if self.options.binds(each)
            or (each.resource_id.lower() in using and self.lookups.binding(each) is not None)
        ]

    def _binding_obstacles(self, identity: ManagedIdentity, blocked: Sequence[ObjectKey]) -> Iterator[Decision]:
        binding, reference = self.lookups.binding(identity), self.cluster.reference
        if binding is None or (binding.failed and binding.created_by_us):
            if not self.lookups.allows_binding(identity):
                yield binding_decisions.no_room_for_binding(identity, blocked)
        elif binding.failed:
            yield binding_decisions.binding_failed(reference, identity, binding, blocked)
        elif binding.client_id and identity.client_id and binding.client_id.lower() != identity.client_id.lower():
            yield binding_decisions.binding_outdated(reference, identity, binding, blocked)

    def _unclear_client(self, group: ServiceAccountGroup) -> Iterator[Decision]:
        """Yield the decisions about an ambiguous client ID, which an annotation of the service account resolves."""
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

    def _within_limits(self, groups: Sequence[ServiceAccountGroup]) -> list[ServiceAccountGroup]:
        """Return the groups except those with managed identities that would exceed the limit of credentials."""
        new: dict[str, list[ServiceAccountGroup]] = defaultdict(list)
        for group in groups:
            for step in group.credentials:
                if not step.exists:
                    new[step.identity.resource_id.lower()].append(group)
        excess: dict[ManagedIdentity, list[ServiceAccountGroup]] = {}
        for resource_id, needing in sorted(new.items()):
            identity = next(each for each in needing[0].identities if each.resource_id.lower() == resource_id)
            if len(self.lookups.credentials(identity)) + len(needing) > MAX_CREDENTIALS:
                excess[identity] = needing
        self.decisions += self._too_many(excess)
        excluded = {group.account for needing in excess.values() for group in needing}
        return [group for group in groups if group.account not in excluded]

    def _too_many(self, excess: Mapping[ManagedIdentity, Sequence[ServiceAccountGroup]]) -> Iterator[Decision]:
        """Yield a decision for each managed identity over the limit. Its command uses bindings for all of them."""
        command = None if self.cluster.features.vnet_integration else self._bind_command(list(excess))
        for identity, needing in excess.items():
            existing = self.lookups.credentials(identity)
            blocked = sorted(key for group in needing for key in group.workloads)
            yield identity_decisions.too_many_credentials(identity, existing, len(needing), blocked, command)

    def _bind_command(self, identities: Sequence[ManagedIdentity]) -> str:
        """Return the command that plans identity bindings for these managed identities and those of --identities."""
        everywhere = {each.identity.resource_id.lower() for each in self.cluster.profile.identities}
        names = [resource_id.rpartition("/")[2] for resource_id in everywhere]
        chosen = [each.name if names.count(each.name.lower()) == 1 else each.resource_id for each in identities]
        options = ("--target", IDENTITY_BINDING, "--identities", *dict.fromkeys((*self.options.identities, *chosen)))
        return self.cluster.reference.pod_identity_command("migrate", *options, *self.options.repeated)

    def _credential_steps(self, group: ServiceAccountGroup) -> tuple[CredentialStep, ...]:
        issuer = self.cluster.features.issuer
        namespace, name = group.account
        wanted = credential_for(issuer, namespace, name) if issuer else None
        steps = []
        bound = self._bound(group)
        for identity in (each for each in group.identities if each not in bound):
            equal = None if wanted is None else find_equal(wanted, self.lookups.credentials(identity))
            steps.append(CredentialStep(identity, namespace, name, equal or wanted, exists=equal is not None))
        return tuple(steps)
