# SPDX-License-Identifier: MIT
"""Select the findings that `check --repair` fixes: those with a safe fix that deletes nothing, in at most one write."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.registry import run_checks
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.checks.stale_ids import is_stale
from azext_podidentity.profile.commands import add_command
from azext_podidentity.profile.entries import ManagedIdentity, NotFound, PodIdentity
from azext_podidentity.profile.repair import Repair

_FEATURE, _PROVIDER, _ROLE = "feature-registration", "provider-registration", "managed-identity-role"
_STALE = ("managed-identity-recreated", "managed-identity-client-id")
_NULL_LABELS = "exception-null-labels"
REPAIRABLE = (_PROVIDER, _FEATURE, _ROLE, *_STALE, _NULL_LABELS)


@dataclass(frozen=True)
class RepairPlan:
    """The repairs to make.

    `findings`: the findings that the repair fixes, each with equivalent commands. `registers_feature` and
    `registers_provider`: the registrations to make in the subscription. `change`: the change of the cluster, which also
    determines the roles to grant.
    """

    findings: tuple[Finding, ...] = ()
    registers_feature: bool = False
    registers_provider: bool = False
    change: Repair = field(default_factory=Repair)


def plan_repairs(snapshot: Snapshot) -> RepairPlan:
    """Return the repairs of the cluster, none if it does not use the add-on."""
    findings = [each for each in run_checks(snapshot) if each.severity == "error" and each.check in REPAIRABLE]
    checks = {each.check for each in findings}
    entries = snapshot.cluster.profile.identities
    return RepairPlan(
        findings=tuple(_with_safe_commands(snapshot, each) for each in findings),
        registers_feature=_FEATURE in checks,
        registers_provider=_PROVIDER in checks,
        change=Repair(
            stale={entry.key: found for entry in entries if (found := _rebinds(snapshot, entry))},
            null_labels=frozenset(each.key for each in snapshot.cluster.profile.exceptions if each.has_null_labels)
            if _NULL_LABELS in checks
            else frozenset(),
            without_role=frozenset(entry.key for entry in entries if _lacks_role(snapshot, entry)),
        )
        if checks
        else Repair(),
    )


def _rebinds(snapshot: Snapshot, entry: PodIdentity) -> ManagedIdentity | None:
    """Return the managed identity to rebind a stale entry to, None if it is not stale or cannot be rebound."""
    found = snapshot.find_identity(entry.identity.resource_id)
    return found if isinstance(found, ManagedIdentity) and is_stale(entry, found) else None


def _lacks_role(snapshot: Snapshot, entry: PodIdentity) -> bool:
    """Return whether only the role over the managed identity is missing; a rebind grants it anyway."""
    found = snapshot.find_identity(entry.identity.resource_id)
    missing = snapshot.roles_over(entry.identity.resource_id) == ()
    return missing and not isinstance(found, NotFound) and _rebinds(snapshot, entry) is None


def _with_safe_commands(snapshot: Snapshot, finding: Finding) -> Finding:
    """Return the finding without the commands that delete something."""
    if finding.check in _STALE:
        stale = [entry for entry in snapshot.cluster.profile.identities if _rebinds(snapshot, entry)]
        named = finding.subject.split(", ")  # the first entries of one managed identity
        bound = {each.identity.resource_id.lower() for each in stale if str(each.key) in named}
        rebound = (each for each in stale if each.identity.resource_id.lower() in bound)
        return replace(finding, commands=tuple(add_command(snapshot.cluster, each, force=True) for each in rebound))
    if finding.check == _NULL_LABELS:
        return replace(finding, commands=(snapshot.cluster.reference.update_command("--yes"),))
    return finding
