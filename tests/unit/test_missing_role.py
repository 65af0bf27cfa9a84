# SPDX-License-Identifier: MIT
"""The error if the cluster identity lacks its role on a managed identity of the profile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from azure.cli.core.azclierror import AzCLIError, BadRequestError

from azext_podidentity.arm.errors import Lookup, explain
from azext_podidentity.profile.commands import grant_command
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.service_requests import ChangeContext
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    SUBSCRIPTION,
    cluster_of,
    commands_in,
    identity_entry,
    identity_id,
    missing_role,
    option,
    refusal,
    text_of,
)
from tests.support.lookups import existing, forbidden, group_deleted, missing, recreated

NO_ROLE = refusal(
    "PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id()), headers={"x-ms-request-id": "9"}
)
OTHER = EntryKey("other-app", "other")


def unassigned(lookup: Lookup, *states: str) -> AzCLIError:
    """Return the error for the missing role if entries in the states are bound to the managed identity."""
    entries = [identity_entry(key, state=state) for key, state in zip((KEY, OTHER), states, strict=False)]
    unrelated = identity_entry(EntryKey("third", "unrelated"), identity_id("unrelated"))
    error = explain(NO_ROLE, cluster_of([*entries, unrelated]), lookup)
    assert missing_role(identity_id()) in error.error_msg
    assert "Request ID: 9" in error.error_msg
    assert "unrelated" not in text_of(error)
    assert all(str(key) in error.error_msg for key in (KEY, OTHER)[: len(states)])
    return error


def fixes(error: AzCLIError) -> list[list[str]]:
    """Return the commands of an error that fix one entry; the last one checks the others."""
    *fixes, check = commands_in(error)
    assert check[1:4] == ["aks", "pod-identity", "check"]
    return fixes


def test_missing_role_suggests_grant(az: AzParser) -> None:
    error = unassigned(existing, "Assigned")
    (grant,) = [az.parse(command) for command in fixes(error)]
    assert grant.role == "Managed Identity Operator"
    assert grant.assignee_object_id == PRINCIPAL
    assert grant.assignee_principal_type == "ServicePrincipal"
    assert grant.scope == identity_id()


def test_grant_command_is_quoted(az: AzParser) -> None:
    error = BadRequestError("", grant_command(PRINCIPAL, identity_id("a", "my(group)")))
    assert az.parse(commands_in(error)[0]).scope == identity_id("a", "my(group)")


@pytest.mark.parametrize("states", [["Assigned"], ["Failed", "Updating"]], ids=len)
def test_recreated_identity_suggests_forced_add(states: list[str], az: AzParser) -> None:
    error = unassigned(recreated, *states)
    assert "recreated" in error.error_msg
    (renewal,) = [az.parse(command) for command in fixes(error)]
    assert renewal.force
    assert (renewal.entry_namespace, *renewal.entry_names) == KEY


def test_deletion_includes_blocking_entry(az: AzParser) -> None:
    context = ChangeContext(removing=(OTHER,))
    cluster = cluster_of([identity_entry(), identity_entry(OTHER, identity_id("other"))])
    for lookup in (recreated, missing, existing):
        *_, removal = fixes(explain(NO_ROLE, cluster, lookup, context))
        assert az.removed(removal) == [OTHER, KEY]


def test_deleted_entry_does_not_block_itself(az: AzParser) -> None:
    (grant,) = commands_in(explain(NO_ROLE, cluster_of([identity_entry()]), existing, ChangeContext(removing=(KEY,))))
    assert az.parse(grant).scope == identity_id()


def test_unreadable_roles_are_reported() -> None:
    context = ChangeContext(unknown_roles={identity_id().lower(): "You may not look."})
    assert "You may not look." in explain(NO_ROLE, cluster_of([identity_entry()]), existing, context).error_msg


@pytest.mark.parametrize("states", [["Assigned"], ["Failed", "Updating"]], ids=len)
def test_deleted_identity_suggests_recreation_and_deletion(states: list[str], az: AzParser) -> None:
    error = unassigned(missing, *states)
    assert "no longer exists" in error.error_msg
    create, removal = fixes(error)
    assert az.parse(create)._subscription == SUBSCRIPTION
    assert (option(create, "--resource-group"), option(create, "--name")) == (["rg"], ["app-identity"])
    assert az.removed(removal) == [KEY, OTHER][: len(states)]


@pytest.mark.parametrize(("location", "named"), [("westeurope", "westeurope"), (None, "LOCATION")])
def test_deleted_resource_group_is_created_near_cluster(location: str | None, named: str, az: AzParser) -> None:
    cluster = replace(cluster_of([identity_entry()]), location=location)
    create_group, *_ = commands_in(explain(NO_ROLE, cluster, group_deleted))
    parsed = az.parse(create_group)
    assert (parsed.rg_name, parsed.location, parsed._subscription) == ("rg", named, SUBSCRIPTION)


def test_unreadable_identity_shows_reason(az: AzParser) -> None:
    error = unassigned(forbidden, "Assigned")
    assert "You may not read it." in error.error_msg
    assert az.parse(commands_in(error)[0]).scope == identity_id()


@pytest.mark.parametrize("lookup", [missing, existing, forbidden])
def test_entry_being_added_has_suggestion(lookup: Lookup) -> None:
    error = unassigned(lookup)
    assert "being added" in error.error_msg
    assert commands_in(error)


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str])
def test_entry_is_found_ignoring_resource_id_case(spelling: Callable[[str], str]) -> None:
    error = explain(refusal("SomeCode", missing_role(spelling(identity_id()))), cluster_of([identity_entry()]), missing)
    assert str(KEY) in error.error_msg


@pytest.mark.parametrize("resource_id", ["", "...", "/subscriptions/x", "/subscriptions/x/resourceGroups/y"])
def test_truncated_resource_id_does_not_crash(resource_id: str) -> None:
    error = explain(refusal("SomeCode", missing_role(resource_id)), cluster_of([identity_entry()]), missing)
    assert missing_role(resource_id) in error.error_msg
