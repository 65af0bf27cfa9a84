# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azext_podidentity.profile.rbac import (
    MANAGED_IDENTITY_OPERATOR,
    assignment_name,
    grants_assign,
    is_operator,
    same_scope,
    scope_contains,
)
from tests.support import grammars as g
from tests.support.builders import PRINCIPAL, SUBSCRIPTION, identity_id

IDENTITY = identity_id("app-identity", "rg1")
SUBSCRIPTION_SCOPE = f"/subscriptions/{SUBSCRIPTION}"
GROUP_SCOPE = f"{SUBSCRIPTION_SCOPE}/resourceGroups/rg1"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"

ids = g.identity_ids().map(lambda made: made[0])
Case = Callable[[str], str]
in_any_case: st.SearchStrategy[Case] = st.sampled_from([str, str.lower, str.upper, str.swapcase])


@pytest.mark.parametrize(
    "scope",
    [
        IDENTITY,
        f"{IDENTITY}/",
        GROUP_SCOPE,
        SUBSCRIPTION_SCOPE,
        "/providers/Microsoft.Management/managementGroups/my-group",
        "/providers/microsoft.management/managementgroups/my-group",
        "/",
    ],
)
def test_scope_contains_resource(scope: str) -> None:
    assert scope_contains(scope, IDENTITY)
    assert scope_contains(scope, IDENTITY.lower())


@pytest.mark.parametrize(
    "scope",
    [
        f"{SUBSCRIPTION_SCOPE}/resourceGroups/rg",
        f"{SUBSCRIPTION_SCOPE}/resourceGroups/rg10",
        GROUP_SCOPE.replace(SUBSCRIPTION[:4], "2222"),
        f"{IDENTITY}0",
        IDENTITY[:-1],
        f"{IDENTITY}/federatedIdentityCredentials/one",
        f"{GROUP_SCOPE}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/another",
        "/providers/Microsoft.Management/somethingElse/my-group",
        "/providers/Microsoft.Billing/billingAccounts/my-account",
    ],
)
def test_scope_does_not_contain_sibling(scope: str) -> None:
    assert not scope_contains(scope, IDENTITY)


@given(ids, st.integers(0, 8), in_any_case)
def test_scope_prefix_contains_id_ignoring_case(resource_id: str, count: int, case: Case) -> None:
    scope = "/" + "/".join(resource_id.split("/")[1 : count + 1])
    assert scope_contains(case(scope), resource_id)
    assert same_scope(case(scope), f"{scope}/")


@given(ids, st.integers(1, 8), st.sampled_from(["0", "-", "x"]))
def test_scope_segments_are_compared_completely(resource_id: str, count: int, more: str) -> None:
    scope = "/" + "/".join(resource_id.split("/")[1 : count + 1])
    assert not scope_contains(scope + more, resource_id)
    assert not same_scope(scope + more, scope)
    assert not scope_contains(f"{resource_id}{more}", resource_id)


@given(ids, ids)
def test_mutually_containing_scopes_are_equal(one: str, other: str) -> None:
    assert (scope_contains(one, other) and scope_contains(other, one)) == same_scope(one, other)


@pytest.mark.parametrize(
    ("role", "enough"), [(MANAGED_IDENTITY_OPERATOR, True), (CONTRIBUTOR, True), (OWNER, True), (READER, False)]
)
@pytest.mark.parametrize("scope", ["", SUBSCRIPTION_SCOPE])
def test_roles_with_assign_action(role: str, enough: bool, scope: str) -> None:
    definition = f"{scope}/providers/Microsoft.Authorization/roleDefinitions/{role}"
    assert grants_assign(definition) == grants_assign(definition.upper()) == enough
    assert is_operator(definition) == is_operator(definition.upper()) == (role == MANAGED_IDENTITY_OPERATOR)


@given(ids, st.uuids().map(str), in_any_case)
def test_assignment_name_ignores_case(scope: str, principal: str, case: Case) -> None:
    name = assignment_name(scope, principal)
    assert str(UUID(name)) == name
    assert assignment_name(case(scope), case(principal), case(MANAGED_IDENTITY_OPERATOR)) == name
    assert assignment_name(f"{scope}/", principal) == name


@given(ids, st.uuids().map(str), st.uuids().map(str), ids, st.uuids().map(str), st.uuids().map(str))
def test_assignment_name_depends_on_all_parts(
    scope: str, principal: str, role: str, other_scope: str, other_principal: str, other_role: str
) -> None:
    parts, others = (scope, principal, role), (other_scope, other_principal, other_role)
    for at in range(3):
        changed = (*parts[:at], others[at], *parts[at + 1 :])
        assert (assignment_name(*changed) == assignment_name(*parts)) == (changed == parts)


def test_assignment_name_is_stable() -> None:
    """A later run, also by a later version, must find the assignments of earlier runs."""
    assert assignment_name(IDENTITY, PRINCIPAL) == "6efd8832-220a-5fd7-b533-7637d0c074b1"
