# SPDX-License-Identifier: MIT
"""Determine from ClusterRoles which service accounts can use which identity bindings.

https://learn.microsoft.com/azure/aks/identity-bindings#grant-access-to-service-accounts
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from azext_podidentity.migration.json_values import mapping, sequence

API_GROUP, VERB = "cid.wi.aks.azure.com", "use-managed-identity"
ROLE_KINDS = ("ClusterRole", "ClusterRoleBinding")
RBAC_GROUP = "rbac.authorization.k8s.io"
_ANY = "*"
# The name by which a subject of kind User is a service account.
_USER_PREFIX = "system:serviceaccount:"
# The groups of every service account.
# https://kubernetes.io/docs/reference/access-authn-authz/authentication/#service-account-tokens
_EVERYONE = frozenset({"system:serviceaccounts", "system:authenticated"})

Subject = tuple[str, str]


@dataclass(frozen=True)
class BindingRoles:
    """The client IDs that each subject can use: (namespace, name) of a service account, or ("", name) of a group."""

    client_ids: Mapping[Subject, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[Mapping[str, Any]]) -> BindingRoles:
        """Return the permissions in the ClusterRoles and ClusterRoleBindings among the objects."""
        roles: dict[str, set[str]] = defaultdict(set)
        bindings: list[tuple[str, Subject]] = []
        for raw in objects:
            name = str(mapping(raw.get("metadata")).get("name"))
            if raw.get("kind") == "ClusterRole":
                roles[name] |= set(_usable(raw))
            elif raw.get("kind") == "ClusterRoleBinding":
                role = str(mapping(raw.get("roleRef")).get("name"))
                bindings += [(role, subject) for subject in _subjects(raw)]
        found: dict[Subject, set[str]] = defaultdict(set)
        for role, subject in bindings:
            if role in roles:
                found[subject] |= roles[role]
        return cls({subject: frozenset(ids) for subject, ids in found.items() if ids})

    def allows(self, namespace: str, account: str, client_id: str | None) -> bool:
        """Return whether the service account can use the identity binding with that client ID."""
        groups = (*_EVERYONE, f"system:serviceaccounts:{namespace}")
        subjects = [(namespace, account), *(("", group) for group in groups)]
        allowed = {each for subject in subjects for each in self.client_ids.get(subject, ())}
        return _ANY in allowed or (client_id or "").lower() in allowed


def _usable(role: Mapping[str, Any]) -> Iterator[str]:
    """Yield the client IDs, or '*', that the rules of a ClusterRole allow."""
    for rule in map(mapping, sequence(role.get("rules"))):
        if {API_GROUP, _ANY} & set(_texts(rule, "apiGroups")) and {VERB, _ANY} & set(_texts(rule, "verbs")):
            yield from (each.lower() for each in _texts(rule, "resources"))


def _subjects(binding: Mapping[str, Any]) -> Iterator[Subject]:
    for each in map(mapping, sequence(binding.get("subjects"))):
        if each.get("kind") == "ServiceAccount":
            yield str(each.get("namespace")), str(each.get("name"))
        elif each.get("kind") == "User" and str(each.get("name")).startswith(_USER_PREFIX):
            namespace, _, name = str(each["name"]).removeprefix(_USER_PREFIX).partition(":")
            yield namespace, name
        elif each.get("kind") == "Group":
            yield "", str(each.get("name"))


def _texts(rule: Mapping[str, Any], field_name: str) -> list[str]:
    return list(map(str, sequence(rule.get(field_name))))
