"""The roles that pod identities leave when they go."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, ResourceNotFoundError

from azext_podidentity.actions.delete import delete_identities, remove_left_roles
from azext_podidentity.profile.changes import Delete
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.entry_types import IDENTITY
from azext_podidentity.profile.rbac import assignment_name
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    SUBSCRIPTION,
    cluster_of,
    cluster_wire,
    http_error,
    identity_entry,
    identity_id,
    text_of,
)
from tests.support.fake_azure import Azure, Clusters, writer

CLI_WITH_SUBSCRIPTION = SimpleNamespace(data={"subscription_id": SUBSCRIPTION}, only_show_errors=True)
OTHER = EntryKey("my-app", "other")
FORBIDDEN = http_error(403, {"error": {"code": "AuthorizationFailed", "message": "You may not."}})


def take(wire: Any, *keys: EntryKey, **options: Any) -> Any:
    return delete_identities(CLI_WITH_SUBSCRIPTION, writer(Clusters(wire)), Delete(IDENTITY, keys), **options)


def test_the_role_goes_with_its_last_entry(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id())
    wire = cluster_wire([identity_entry(), identity_entry(OTHER)])

    take(wire, KEY, delete_role_assignment=True)
    assert "another pod identity is bound" in caplog.text
    assert azure.assignments
    take(wire, KEY, OTHER, delete_role_assignment=True)

    assert azure.assignments == []
    assert "Removed the role assignment" in caplog.text


def test_a_role_that_is_not_at_the_identity_itself_stays(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    azure.assign(identity_id().rpartition("/providers/")[0])

    take(cluster_wire([identity_entry()]), KEY, delete_role_assignment=True)

    assert len(azure.assignments) == 1
    assert "There was no role assignment" in caplog.text


def test_who_may_not_remove_it_gets_the_command_for_somebody_who_may(
    azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure.assign(identity_id())

    def refuse(*_: Any) -> None:
        raise FORBIDDEN

    monkeypatch.setattr(azure, "delete", refuse)
    with pytest.raises(AzCLIError) as caught:
        take(cluster_wire([identity_entry()]), KEY, delete_role_assignment=True)

    assert f"az role assignment delete --ids {azure.assignments[0].id}" in text_of(caught.value)


def test_of_a_cluster_identity_that_is_not_told_the_role_stays(azure: Azure, caplog: pytest.LogCaptureFixture) -> None:
    wire = {**cluster_wire([identity_entry()]), "identity": {"type": "SystemAssigned"}}

    take(wire, KEY, delete_role_assignment=True)

    assert "does not show the object ID of its identity" in caplog.text


def test_what_is_gone_may_have_left_its_role(azure: Azure, monkeypatch: pytest.MonkeyPatch) -> None:
    list_in_subscription(azure, monkeypatch, [])
    with pytest.raises(ResourceNotFoundError) as caught:
        take(cluster_wire(), KEY, delete_role_assignment=True)

    assert f"az role assignment list --all --assignee {PRINCIPAL}" in text_of(caught.value)


def list_in_subscription(azure: Azure, patch: pytest.MonkeyPatch, outcome: Any) -> None:
    """What is answered to who asks for the assignments of the cluster identity in the whole subscription."""

    def answer(filter: str) -> Any:
        assert filter == f"principalId eq '{PRINCIPAL}'"
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    patch.setattr(azure, "list_for_subscription", answer, raising=False)


def test_of_what_a_run_left_that_was_cut_short_only_roles_go_that_this_tool_granted(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    azure.assign(identity_id())
    azure.assign(identity_id("theirs"))
    azure.assignments[0].name = assignment_name(identity_id(), PRINCIPAL)
    list_in_subscription(azure, monkeypatch, azure.assignments)

    remove_left_roles(CLI_WITH_SUBSCRIPTION, cluster_of())

    assert [each.scope for each in azure.assignments] == [identity_id("theirs")]
    assert "may still have the role" in caplog.text


def test_who_may_not_look_for_what_a_run_left_is_told_how(
    azure: Azure, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    list_in_subscription(azure, monkeypatch, FORBIDDEN)

    remove_left_roles(CLI_WITH_SUBSCRIPTION, cluster_of())

    assert "You may not." in caplog.text
    assert "az role assignment list --all" in caplog.text
