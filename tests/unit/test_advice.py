from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from azure.cli.core.azclierror import (
    AzCLIError,
    AzureConnectionError,
    AzureInternalError,
    AzureResponseError,
    BadRequestError,
    ForbiddenError,
    ResourceNotFoundError,
    UnauthorizedError,
)
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from azext_podidentity.arm.errors import (
    Lookup,
    advise,
    explain,
    explain_failed,
    explain_plainly,
)
from azext_podidentity.profile.cluster import KUBENET_RISK
from azext_podidentity.profile.entries import EntryKey, ManagedIdentity, Missing
from azext_podidentity.profile.mending import grant_command
from azext_podidentity.profile.rules import managed_identity_parts

from .az_parser import AzParser
from .situations import MESSAGES
from .support import (
    KEY,
    PRINCIPAL,
    SUBSCRIPTION,
    cluster_of,
    commands_in,
    http_error,
    identity_entry,
    identity_id,
    missing_role,
    option,
    refusal,
    text_of,
)

NO_ROLE = refusal(
    "PodIdentityAddonIdentitiesAssignmentError", missing_role(identity_id()), headers={"x-ms-request-id": "9"}
)
OTHER = EntryKey("other-app", "other")


def gone(resource_id: str) -> Missing:
    """A look-up that finds nothing; like the real one it takes the id apart."""
    managed_identity_parts(resource_id)
    return Missing()


def gone_with_its_group(_: str) -> Missing:
    """A look-up that does not even find the resource group."""
    return Missing(resource_group_too=True)


def there(resource_id: str) -> ManagedIdentity:
    """A look-up that finds the managed identity of the service's message."""
    return ManagedIdentity(resource_id, "the-client", "THE-OBJECT")


def made_anew(resource_id: str) -> ManagedIdentity:
    """A look-up that finds another managed identity under the same name."""
    return ManagedIdentity(resource_id, "another-client", "another-object")


def forbidden(_: str) -> ManagedIdentity:
    """A look-up that the user has no right to make."""
    raise ForbiddenError("You may not read it.")


@pytest.mark.parametrize("name", MESSAGES)
def test_every_known_refusal_gets_advice_and_keeps_the_services_words(name: str) -> None:
    code, message = MESSAGES[name]
    error = explain(refusal(code, message, headers={"x-ms-request-id": "17"}), cluster_of(), gone)
    assert error.error_msg == f"({code}) {message}\nRequest id: 17"
    assert error.recommendations


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("feature not registered", ["feature", "provider"]),
        ("service principal", ["aks"]),
        ("kubenet", ["aks"]),
        ("same name", ["aks"]),
        ("no cluster", ["aks"]),
    ],
)
def test_the_advice_is_about_what_is_wrong(name: str, expected: list[str]) -> None:
    error = explain(refusal(*MESSAGES[name]), cluster_of(), gone)
    assert [command[1] for command in commands_in(error)] == expected


def test_the_advice_registers_the_preview_feature(az: AzParser) -> None:
    feature, provider = commands_in(explain(refusal(*MESSAGES["feature not registered"]), cluster_of(), gone))
    assert az.parse(feature).feature_name == "EnablePodIdentityPreview"
    assert az.parse(provider).resource_provider_namespace == "Microsoft.ContainerService"


def test_the_advice_about_kubenet_names_the_risk_and_the_flag(az: AzParser) -> None:
    error = explain(refusal(*MESSAGES["kubenet"]), cluster_of(), gone)
    assert KUBENET_RISK in text_of(error)
    assert az.parse(commands_in(error)[0]).enable_pod_identity_with_kubenet


def test_the_advice_about_kubenet_needs_no_cluster_that_is_not_there_yet() -> None:
    error = explain(refusal(*MESSAGES["kubenet"]), cluster_of(provisioningState=None), gone)
    assert "--enable-pod-identity-with-kubenet" in text_of(error)
    assert commands_in(error) == []


def test_the_advice_about_a_name_that_is_held_frees_it(az: AzParser) -> None:
    parsed = az.parse(commands_in(explain(refusal(*MESSAGES["same name"]), cluster_of(), gone))[0])
    assert (parsed.entry_namespace, parsed.entry_name) == KEY


def test_missing_permission_never_gets_better_by_trying_again() -> None:
    assert "does not help" in text_of(explain(refusal(*MESSAGES["no right"], status=403), cluster_of(), gone))


def test_the_right_to_assign_is_missed_by_the_account_and_not_by_the_cluster() -> None:
    text = text_of(explain(refusal(*MESSAGES["no right to assign"], status=403), cluster_of(), gone))
    assert "account you are logged in with" in text
    assert "userAssignedIdentities/assign/action" in text


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, BadRequestError),
        (401, UnauthorizedError),
        (403, ForbiddenError),
        (404, ResourceNotFoundError),
        (409, AzureResponseError),
        (429, AzureResponseError),
        (200, AzureResponseError),
        (500, AzureInternalError),
        (503, AzureInternalError),
    ],
)
def test_the_kind_of_error_follows_the_status(status: int, kind: type[AzCLIError]) -> None:
    error = refusal("SomeCode", "Some words.", status)
    assert type(explain(error, cluster_of(), gone)) is type(explain_plainly(error)) is kind


def test_an_answer_that_has_nothing_to_do_with_pod_identities_gets_no_advice_of_ours() -> None:
    for error in (refusal("QuotaExceeded", "Too many cores."), http_error(502, "<html>"), ServiceRequestError("no")):
        assert advise(error, cluster_of(), gone) is None
        assert text_of(explain(error, cluster_of(), gone))


def test_a_broken_connection_is_told_from_an_answer() -> None:
    error = explain(ServiceRequestError("Name or service not known"), cluster_of(), gone)
    assert isinstance(error, AzureConnectionError)
    assert "Name or service not known" in error.error_msg
    assert "same command again" in text_of(error)
    assert explain_plainly(ServiceRequestError("no"), "Some advice.").recommendations == ["Some advice."]


def unassigned(lookup: Lookup, *states: str) -> AzCLIError:
    """What is said of the missing role where entries in those states are bound to the managed identity."""
    entries = [identity_entry(key, state=state) for key, state in zip((KEY, OTHER), states, strict=False)]
    unrelated = identity_entry(EntryKey("third", "unrelated"), identity_id("unrelated"))
    error = explain(NO_ROLE, cluster_of([*entries, unrelated]), lookup)
    assert missing_role(identity_id()) in error.error_msg
    assert "Request id: 9" in error.error_msg
    assert "unrelated" not in text_of(error)
    assert all(str(key) in error.error_msg for key in (KEY, OTHER)[: len(states)])
    return error


def removed_keys(commands: list[list[str]], az: AzParser) -> list[tuple[str, str]]:
    """The entries that the commands remove."""
    parsed = [az.parse(command) for command in commands if command[1] == "aks"]
    return [(each.entry_namespace, each.entry_name) for each in parsed]


def test_a_role_that_is_missing_is_granted_to_the_cluster_identity(az: AzParser) -> None:
    error = unassigned(there, "Assigned")
    (grant,) = [az.parse(command) for command in commands_in(error)]
    assert grant.role == "Managed Identity Operator"
    assert grant.assignee_object_id == PRINCIPAL
    assert grant.assignee_principal_type == "ServicePrincipal"
    assert grant.scope == identity_id()


def test_the_command_that_grants_can_be_pasted(az: AzParser) -> None:
    error = BadRequestError("", grant_command(PRINCIPAL, identity_id("a", "my(group)")))
    assert az.parse(commands_in(error)[0]).scope == identity_id("a", "my(group)")


@pytest.mark.parametrize("states", [["Assigned"], ["Failed", "Updating"]], ids=len)
def test_the_entries_of_an_identity_that_was_made_anew_go(states: list[str], az: AzParser) -> None:
    error = unassigned(made_anew, *states)
    assert "created again" in error.error_msg
    assert removed_keys(commands_in(error), az) == [KEY, OTHER][: len(states)]


@pytest.mark.parametrize("states", [["Assigned"], ["Failed", "Updating"]], ids=len)
def test_an_identity_that_was_deleted_is_needed_once_more_to_remove_its_entries(
    states: list[str], az: AzParser
) -> None:
    error = unassigned(gone, *states)
    assert "does not exist any more" in error.error_msg
    create, grant, *removals = commands_in(error)
    assert az.parse(create)._subscription == SUBSCRIPTION
    assert (option(create, "--resource-group"), option(create, "--name")) == (["rg"], ["app-identity"])
    assert az.parse(grant).scope == identity_id()
    assert removed_keys(removals, az) == [KEY, OTHER][: len(states)]


@pytest.mark.parametrize(("location", "named"), [("westeurope", "westeurope"), (None, "LOCATION")])
def test_a_resource_group_that_is_gone_too_is_made_where_the_cluster_is(
    location: str | None, named: str, az: AzParser
) -> None:
    cluster = replace(cluster_of([identity_entry()]), location=location)
    create_group, *_ = commands_in(explain(NO_ROLE, cluster, gone_with_its_group))
    parsed = az.parse(create_group)
    assert (parsed.rg_name, parsed.location, parsed._subscription) == ("rg", named, SUBSCRIPTION)


def test_the_reason_stays_where_the_identity_cannot_be_read(az: AzParser) -> None:
    error = unassigned(forbidden, "Assigned")
    assert "You may not read it." in error.error_msg
    assert az.parse(commands_in(error)[0]).scope == identity_id()


@pytest.mark.parametrize("lookup", [gone, there, forbidden])
def test_there_is_a_way_out_for_an_entry_that_is_only_being_added(lookup: Lookup) -> None:
    error = unassigned(lookup)
    assert "being added" in error.error_msg
    assert not error.recommendations[0].rstrip().endswith(":")


@pytest.mark.parametrize("spelling", [str.upper, str.lower, str])
def test_the_entry_is_found_however_the_service_spells_the_resource_id(spelling: Callable[[str], str]) -> None:
    error = explain(refusal("SomeCode", missing_role(spelling(identity_id()))), cluster_of([identity_entry()]), gone)
    assert str(KEY) in error.error_msg


@pytest.mark.parametrize("resource_id", ["", "...", "/subscriptions/x", "/subscriptions/x/resourceGroups/y"])
def test_a_resource_id_that_the_service_cut_short_is_no_reason_to_break(resource_id: str) -> None:
    error = explain(refusal("SomeCode", missing_role(resource_id)), cluster_of([identity_entry()]), gone)
    assert missing_role(resource_id) in error.error_msg


def failed(**more: Any) -> AzCLIError:
    """What is said of an entry that ended Failed."""
    cluster = cluster_of([identity_entry(state="Failed", **more)])
    return explain_failed(cluster.profile.identities[0], cluster, gone)


def test_a_failed_entry_is_told_with_the_services_reason() -> None:
    error = failed(provisioningInfo={"error": {"error": {"code": "SomeCode", "message": "Some words."}}})
    assert error.error_msg == f"(SomeCode) Pod identity {KEY} ended in state Failed: Some words."


def test_a_failed_entry_gets_the_same_advice_as_a_refusal(az: AzParser) -> None:
    error = failed(provisioningInfo={"error": {"error": {"code": "Some", "message": missing_role(identity_id())}}})
    assert "ended in state Failed" in error.error_msg
    assert [az.parse(command) for command in commands_in(error)]


@pytest.mark.parametrize("info", [None, {}, {"error": None}, {"error": {"error": None}}, {"error": {"error": {}}}])
def test_a_failed_entry_without_a_reason_says_that_there_is_none(info: object) -> None:
    assert "the service gave no reason" in failed(provisioningInfo=info).error_msg


def test_an_error_of_the_sdk_without_an_answer_is_explained_too() -> None:
    assert "Some words." in explain(HttpResponseError(message="Some words."), cluster_of(), gone).error_msg
