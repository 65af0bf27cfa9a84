"""Decide for the workloads of each service account which client ID and credentials they need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from azext_podidentity.migration import identity_decisions, workload_decisions
from azext_podidentity.migration.decision import Decision
from azext_podidentity.migration.inventory import Inventory
from azext_podidentity.migration.matching import Match
from azext_podidentity.migration.steps import CredentialStep
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
    """The workloads that run as one service account after the migration."""

    account: Account
    matches: tuple[Match, ...]
    client_id: str = ""
    credentials: tuple[CredentialStep, ...] = ()

    @property
    def workloads(self) -> tuple[ObjectKey, ...]:
        """Return the workloads of the group."""
        return tuple(match.workload.key for match in self.matches)

    @property
    def identities(self) -> tuple[ManagedIdentity, ...]:
        """Return the managed identities that the workloads use today, each once, sorted by resource ID."""
        found = {each.resource_id.lower(): each for match in self.matches for each in match.identities}
        return tuple(found[key] for key in sorted(found))


class GroupPlanner:  # pylint: disable=too-few-public-methods
    """Give each group its client ID and credentials, or the decisions that it needs first, in `decisions`."""

    def __init__(self, cluster: Cluster, inventory: Inventory, lookups: IdentityLookups) -> None:
        self.cluster = cluster
        self.inventory = inventory
        self.lookups = lookups
        self.decisions: list[Decision] = []

    def settle(self, groups: Sequence[ServiceAccountGroup]) -> list[ServiceAccountGroup]:
        """Return the groups that need no decision, with client ID and credentials."""
        settled = [group for each in groups if (group := self._settled(each)) is not None]
        return self._within_limits(settled)

    def _settled(self, group: ServiceAccountGroup) -> ServiceAccountGroup | None:
        """Return the group with its client ID and credentials, None if it needs a decision first."""
        found = list(self._obstacles(group))
        self.decisions += found
        if found:
            return None
        annotated = self.inventory.client_id(*group.account)
        client_id = annotated or group.identities[0].client_id or ""
        return replace(group, client_id=client_id, credentials=self._credential_steps(group))

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
        for step in self._credential_steps(group):
            existing = self.lookups.credentials(step.identity)
            conflicting = None if step.credential is None else find_conflicting(step.credential, existing)
            if step.credential is not None and conflicting is not None and not step.exists:
                yield identity_decisions.conflicting_credential(
                    step.identity, step.credential, conflicting, group.workloads
                )

    def _unclear_client(self, group: ServiceAccountGroup) -> Iterator[Decision]:
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

    def _within_limits(self, groups: Sequence[ServiceAccountGroup]) -> list[ServiceAccountGroup]:
        """Return the groups without those of managed identities that would exceed their limit of credentials."""
        new: dict[str, list[ServiceAccountGroup]] = defaultdict(list)
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

    def _credential_steps(self, group: ServiceAccountGroup) -> tuple[CredentialStep, ...]:
        issuer = self.cluster.features.issuer
        namespace, name = group.account
        wanted = credential_for(issuer, namespace, name) if issuer else None
        steps = []
        for identity in group.identities:
            equal = None if wanted is None else find_equal(wanted, self.lookups.credentials(identity))
            steps.append(CredentialStep(identity, namespace, name, equal or wanted, exists=equal is not None))
        return tuple(steps)
