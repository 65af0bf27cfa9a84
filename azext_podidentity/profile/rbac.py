# SPDX-License-Identifier: MIT
"""Rules of Azure role-based access control: which scopes contain a resource, and which roles are sufficient."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from fnmatch import fnmatchcase
from functools import lru_cache
from uuid import NAMESPACE_URL, uuid5

from azext_podidentity.profile.validation import is_managed_identity_id, managed_identity_parts

# Below this number, reading managed identities one by one is as fast as a list request.
WORTH_A_LIST = 5
_FEW_GROUPS = 2
OPERATOR_ROLE = "Managed Identity Operator"
MANAGED_IDENTITY_OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
_CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
_OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
# The built-in roles that have Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action.
_SUFFICIENT = {MANAGED_IDENTITY_OPERATOR: OPERATOR_ROLE, _CONTRIBUTOR: "Contributor", _OWNER: "Owner"}
# The action in the definition of Managed Identity Operator, in that of roles for one managed identity, and in errors.
_ASSIGN_ACTIONS = tuple(
    f"microsoft.managedidentity/userassignedidentities/{each}assign/action" for each in ("identity/", "")
)
_MANAGEMENT_GROUPS = ("providers", "microsoft.management", "managementgroups")


def scope_contains(scope: str, resource_id: str) -> bool:
    """Return whether a role at `scope` applies to the resource.

    It applies at the resource itself, its resource group, its subscription and its management groups. Scopes are
    compared by path segment and without case. The filter `atScope()` returns only management groups above the
    resource, so every management group counts, and so does the root scope.
    """
    above, below = _segments(scope), _segments(resource_id)
    return above[:3] == _MANAGEMENT_GROUPS or below[: len(above)] == above


def grants_assign(role_definition_id: str) -> bool:
    """Return whether the role is a built-in one that permits assigning a managed identity."""
    return role_name(role_definition_id) is not None


def permits_assign(actions: Collection[str], not_actions: Collection[str]) -> bool:
    """Return whether a role with these actions permits assigning a managed identity.

    Actions are compared without case and can have wildcards. The action has two spellings in Azure: either of them in
    `actions` grants it, and either of them in `not_actions` excludes it.
    """
    return _match_assign(actions) and not _match_assign(not_actions)


def _match_assign(patterns: Collection[str]) -> bool:
    lowered = [each.lower().replace("[", "[[]") for each in patterns]
    return any(fnmatchcase(action, pattern) for action in _ASSIGN_ACTIONS for pattern in lowered)


def canonical_id(resource_id: str) -> str:
    """Return the resource ID of a managed identity with its keywords in Azure's letter case."""
    subscription, resource_group, name = managed_identity_parts(resource_id)
    group = f"/subscriptions/{subscription}/resourceGroups/{resource_group}"
    return f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"


def role_name(role_definition_id: str) -> str | None:
    """Return the name of a role that permits assigning a managed identity, None for any other role."""
    return _SUFFICIENT.get(role_definition_id.rpartition("/")[2].lower())


def is_operator(role_definition_id: str) -> bool:
    """Return whether the role is Managed Identity Operator."""
    return role_definition_id.rpartition("/")[2].lower() == MANAGED_IDENTITY_OPERATOR


def same_scope(one: str, other: str) -> bool:
    """Return whether both are the same scope."""
    return _segments(one) == _segments(other)


def describe_scope(scope: str) -> str:
    """Return the type and name of the scope, for example `resource group 'rg'`."""
    segments = [segment for segment in scope.split("/") if segment]
    kinds = {0: "the root scope", 2: "subscription", 4: "resource group"}
    if _segments(scope)[:3] == _MANAGEMENT_GROUPS:
        return f"management group {segments[-1]!r}"
    kind = kinds.get(len(segments), "resource")
    return f"{kind} {segments[-1]!r}" if segments else kind


def assignment_name(scope: str, principal_id: str, role: str = MANAGED_IDENTITY_OPERATOR) -> str:
    """Return a GUID derived from scope, principal and role, so that granting the same role twice has no effect."""
    return str(uuid5(NAMESPACE_URL, "/".join((scope.strip("/"), principal_id, role)).lower()))


def scopes_to_list(resource_ids: Iterable[str]) -> list[tuple[str, str | None]]:
    """Return the scopes to list instead of reading managed identities one by one.

    Each scope is a subscription and a resource group, or None for the whole subscription, which is used if the managed
    identities are in many resource groups. IDs that are not those of a managed identity are ignored.
    """
    scopes: list[tuple[str, str | None]] = []
    for subscription, ids in by_subscription(resource_ids).items():
        groups = Counter(managed_identity_parts(each.lower())[1] for each in ids)
        if len(groups) <= _FEW_GROUPS:
            scopes += [(subscription, group) for group, count in groups.items() if count >= WORTH_A_LIST]
        elif len(ids) >= WORTH_A_LIST:
            scopes.append((subscription, None))
    return scopes


def by_subscription(resource_ids: Iterable[str]) -> dict[str, list[str]]:
    """Return the managed identities among the resource IDs, by subscription in lower case."""
    found: dict[str, list[str]] = {}
    for each in filter(is_managed_identity_id, resource_ids):
        found.setdefault(managed_identity_parts(each)[0].lower(), []).append(each)
    return found


@lru_cache(maxsize=1024)
def _segments(scope: str) -> tuple[str, ...]:
    return tuple(segment for segment in scope.lower().split("/") if segment)
