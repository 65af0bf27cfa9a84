# SPDX-License-Identifier: MIT

from __future__ import annotations

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
    explain,
    explain_failed,
    explain_if_pod_identity,
    explain_plainly,
)
from azext_podidentity.profile.eligibility import KUBENET_RISK
from azext_podidentity.profile.error_rows import TABLE
from azext_podidentity.profile.known_errors import KnownError, find_known
from azext_podidentity.profile.service_requests import ON_CLUSTER, Request, ServiceMessage, Stage
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    PRINCIPAL,
    Json,
    cluster_of,
    command_words,
    commands_in,
    http_error,
    identity_entry,
    identity_id,
    missing_role,
    refusal,
    text_of,
)
from tests.support.lookups import missing
from tests.support.message_cases import ROWS, sdk_error, stage_of


def explained(row: KnownError, stage: Stage | None = None) -> AzCLIError:
    """Return the error for the sample of a row."""
    error = sdk_error(row)
    error.response.headers["x-ms-request-id"] = "17"  # type: ignore[union-attr]
    return explain(error, cluster_of([identity_entry()]), missing, stage=stage or stage_of(row))


def row_of(code: str, pattern: str = "") -> KnownError:
    """Return the first row with the code and part of the pattern."""
    return next(row for row in TABLE if (not code or code in row.codes) and pattern in row.pattern)


@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.stages & ON_CLUSTER])
def test_known_error_has_advice_and_service_message(name: str) -> None:
    row = ROWS[name]
    error = explained(row)
    cause, words = error.error_msg.split("\n", 1)
    assert cause.endswith(".")
    assert words == f"({row.codes[0] if row.codes else 'SomeCode'}) {row.sample}\nRequest ID: 17"
    assert "None" not in text_of(error)
    assert "''" not in text_of(error)


@pytest.mark.parametrize(
    ("name", "stage"), [(name, stage) for name, row in ROWS.items() for stage in Stage if stage in row.stages]
)
def test_sample_matches_own_row_at_every_stage(name: str, stage: Stage) -> None:
    row = ROWS[name]
    for code in row.codes or ("SomeCode",):
        request = Request(stage, cluster_of([identity_entry()]) if stage in ON_CLUSTER else None)
        known = find_known(TABLE, [ServiceMessage(code, row.sample)], request)
        assert known is not None
        assert known[0] is row
        assert known[0].advise(known[1]).reason.endswith(".")


@pytest.mark.parametrize("name", ROWS)
def test_advice_commands_parse(name: str, az: AzParser) -> None:
    row = ROWS[name]
    stage = next(each for each in Stage if each in row.stages)
    cluster = cluster_of([identity_entry()]) if stage in ON_CLUSTER else None
    known = find_known([row], [ServiceMessage(row.codes[0] if row.codes else "", row.sample)], Request(stage, cluster))
    assert known is not None
    advice = row.advise(known[1])
    assert bool(advice.commands) == (bool(advice.steps) and advice.steps[-1].endswith(":"))
    for command in advice.commands:
        az.parse(command_words(command))


def test_nested_error_is_recognized() -> None:
    row = row_of("RequestDisallowedByPolicy")
    details = [{"code": "RequestDisallowedByPolicy", "message": row.sample}]
    body = {"error": {"code": "BadRequest", "message": "See the details.", "details": details}}
    assert "allowed-roles" in explain(http_error(400, body), cluster_of(), missing).error_msg.split("\n")[0]


def test_preview_feature_advice_registers_feature(az: AzParser) -> None:
    feature, provider = commands_in(explained(row_of("BadRequest", "EnablePodIdentityPreview")))
    assert az.parse(feature).feature_name == "EnablePodIdentityPreview"
    assert az.parse(provider).resource_provider_namespace == "Microsoft.ContainerService"


def test_other_feature_advice_registers_named_feature(az: AzParser) -> None:
    feature, _ = commands_in(explained(row_of("OIDCIssuerFeatureFlagNotEnabled")))
    assert az.parse(feature).feature_name == "EnableOIDCIssuerPreview"


def test_kubenet_advice_names_risk_and_flag(az: AzParser) -> None:
    error = explained(row_of("BadRequest", "kubenet"))
    assert KUBENET_RISK in text_of(error)
    assert az.parse(commands_in(error)[0]).enable_pod_identity_with_kubenet


def test_kubenet_advice_during_create() -> None:
    error = explain(sdk_error(row_of("BadRequest", "kubenet")), cluster_of(provisioningState=None), missing)
    assert "--enable-pod-identity-with-kubenet" in text_of(error)
    assert commands_in(error) == []


def test_same_name_advice_deletes_entry(az: AzParser) -> None:
    (command,) = commands_in(explained(row_of("BadRequest", "same name")))
    assert az.removed(command) == [KEY]


NOT_ALLOWED = (
    "The client 'a' with object id '{0}' does not have authorization to perform action 'A/b/write' over scope "
    "'/subscriptions/s' or the scope is invalid."
)
NOT_LINKED = (
    "The client 'a' with object id '{0}' has permission to perform action 'Microsoft.ContainerService/managedClusters/"
    "write' on scope '/c'; however, it does not have permission to perform action(s) '{1}' on the linked scope(s) "
    "'/linked/scope' (respectively) or the linked scope(s) are invalid."
)
ASSIGN = "Microsoft.ManagedIdentity/userAssignedIdentities/assign/action"
JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"
RESOURCE = "/subscriptions/s/resourceGroups/g/providers/A/b/c"
ACCOUNT, IDENTITY, UNNAMED = "The signed-in account", "The cluster identity", "The principal with object ID 'other'"


@pytest.mark.parametrize(
    ("code", "message", "stage", "principal"),
    [
        ("AuthorizationFailed", NOT_ALLOWED.format("other"), Stage.READ, ACCOUNT),
        ("AuthorizationFailed", NOT_ALLOWED.format("other"), Stage.WRITE, ACCOUNT),
        ("AuthorizationFailed", NOT_ALLOWED.format(PRINCIPAL), Stage.WRITE, IDENTITY),
        ("AuthorizationFailed", NOT_ALLOWED.format(PRINCIPAL.upper()), Stage.OPERATION, IDENTITY),
        ("AuthorizationFailed", NOT_ALLOWED.format("other"), Stage.OPERATION, UNNAMED),
        ("LinkedAuthorizationFailed", NOT_LINKED.format("other", JOIN), Stage.WRITE, ACCOUNT),
        ("LinkedAuthorizationFailed", NOT_LINKED.format(PRINCIPAL, JOIN), Stage.WRITE, IDENTITY),
        ("LinkedAuthorizationFailed", NOT_LINKED.format("other", JOIN), Stage.OPERATION, UNNAMED),
        ("LinkedAuthorizationFailed", NOT_LINKED.format("other", ASSIGN), Stage.WRITE, ACCOUNT),
        ("LinkedAuthorizationFailed", NOT_LINKED.format(PRINCIPAL, ASSIGN), Stage.OPERATION, IDENTITY),
    ],
)
def test_unauthorized_principal_is_identified(code: str, message: str, stage: Stage, principal: str) -> None:
    text = text_of(explain(refusal(code, message, 403), cluster_of(), missing, stage=stage))
    assert text.startswith(f"{principal} does not have permission for '")
    assert "Retrying does not help." in text
    assert ("Managed Identity Operator" in text) == (ASSIGN in message)
    assert ("/linked/scope" in text.split("\n")[0]) == ("linked" in message)


def test_linked_authorization_advice_grants_role(az: AzParser) -> None:
    error = explain(
        refusal("LinkedAuthorizationFailed", NOT_LINKED.format(PRINCIPAL, ASSIGN), 403), cluster_of(), missing
    )
    (grant,) = [az.parse(command) for command in commands_in(error)]
    assert (grant.scope, grant.assignee_object_id) == ("/linked/scope", PRINCIPAL)


@pytest.mark.parametrize(
    ("actions", "scopes", "granted"),
    [
        (ASSIGN, "/identities/a,/identities/b", ["/identities/a", "/identities/b"]),
        (f"{JOIN},{ASSIGN}", "/subnets/a,/identities/b", ["/identities/b"]),
        (f"{ASSIGN}, {ASSIGN}", "/identities/a, /identities/b", ["/identities/a", "/identities/b"]),
    ],
)
def test_linked_authorization_with_several_scopes(actions: str, scopes: str, granted: list[str], az: AzParser) -> None:
    message = NOT_LINKED.format(PRINCIPAL, actions).replace("/linked/scope", scopes)
    error = explain(refusal("LinkedAuthorizationFailed", message, 403), cluster_of(), missing)
    assert [az.parse(command).scope for command in commands_in(error)] == granted


@pytest.mark.parametrize("stage", [Stage.WRITE, Stage.OPERATION, Stage.ENTRY])
@pytest.mark.parametrize(
    ("code", "message", "resource"),
    [
        ("ResourceNotFound", row_of("InvalidResourceReference").sample, "Microsoft.Network/virtualNetworks/myVnet"),
        ("ResourceGroupNotFound", "Resource group 'workspaces' could not be found.", "workspaces"),
        (
            "InvalidResourceReference",
            "Resource /subscriptions/s/subnets/a referenced by resource /subscriptions/s/b was not found.",
            "/subscriptions/s/subnets/a",
        ),
        ("NotFound", "The workspace 'logs' is not found.", "logs"),
        ("ResourceNotFound", "It is not there.", None),
    ],
)
def test_missing_other_resource_is_named(code: str, message: str, resource: str | None, stage: Stage) -> None:
    error = explain(refusal(code, message, 404), cluster_of(), missing, stage=stage)
    assert "Cluster 'cluster' was not found" not in text_of(error)
    assert (f"Resource '{resource}'" in error.error_msg) == (resource is not None)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceGroupNotFound", "Resource group 'RG' could not be found."),
        ("ResourceNotFound", "The Resource 'Microsoft.ContainerService/managedClusters/cluster' was not found."),
    ],
)
def test_deleted_cluster_is_named(code: str, message: str) -> None:
    error = explain(refusal(code, message, 404), cluster_of(), missing)
    assert error.error_msg.startswith("Cluster 'cluster' or its resource group was deleted.")
    assert [command[1:3] for command in commands_in(error)] == [["aks", "list"]]


@pytest.mark.parametrize(
    ("scope", "options"),
    [
        ("/subscriptions/s", ["--subscription", "s"]),
        ("/subscriptions/s/resourceGroups/g", ["--resource-group", "g", "--subscription", "s"]),
        (RESOURCE, ["--resource", RESOURCE, "--subscription", "s"]),
    ],
)
def test_lock_advice_lists_locks_at_scope(scope: str, options: list[str], az: AzParser) -> None:
    message = f"The scope '/x' cannot perform write operation because following scope(s) are locked: '{scope}'."
    (command,) = commands_in(explain(refusal("ScopeLocked", message, 409), cluster_of(), missing))
    assert command[1:3] == ["lock", "list"]
    assert command[3:-2] == options
    az.parse(command)


@pytest.mark.parametrize(
    ("code", "message", "cause"),
    [
        ("ScopeLocked", "The scope is locked.", "A lock forbids the change."),
        ("DenyAssignmentAuthorizationFailed", "Denied.", "A deny assignment forbids the request."),
    ],
)
def test_cause_without_name(code: str, message: str, cause: str) -> None:
    error = explain(refusal(code, message, 409), cluster_of(), missing)
    assert error.error_msg.startswith(cause)
    assert commands_in(error) == []


def test_policy_assignment_id_in_lower_case(az: AzParser) -> None:
    row = row_of("RequestDisallowedByPolicy", "policyAssignment")
    message = row.sample.replace("/providers/Microsoft.A", "/Providers/microsoft.a")
    error = explain(refusal(row.codes[0], message, 403), cluster_of(), missing)
    (command,) = commands_in(error)
    az.parse(command)
    scope = "/subscriptions/00000000-0000-0000-0000-000000000000"
    assert command[4:] == ["--name", "allowed-roles", "--scope", scope]


def test_invalid_pod_label_is_not_null_labels() -> None:
    error = explain(refusal("BadRequest", "Invalid podLabels key 'a b' in exception 'x'."), cluster_of(), missing)
    assert "null" not in text_of(error)


def test_null_labels_of_service_exception_are_not_removed(az: AzParser) -> None:
    exceptions: list[Json] = [
        {"namespace": "kube-system", "name": "aks-addon-exception", "podLabels": None},
        {"namespace": "app", "name": "without-labels", "podLabels": {}},
        {"namespace": "app", "name": "null-labels", "podLabels": None},
    ]
    error = explain(refusal("BadRequest", row_of("", "podLabels").sample), cluster_of(exceptions=exceptions), missing)
    (command,) = commands_in(error)
    az.parse(command)
    assert [word for word in command if "labels" in word or "addon" in word] == ["null-labels"]


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
def test_error_type_follows_status(status: int, kind: type[AzCLIError]) -> None:
    error = refusal("SomeCode", "Some words.", status)
    assert type(explain(error, cluster_of(), missing)) is type(explain_plainly(error)) is kind


def test_unrelated_error_has_no_pod_identity_advice() -> None:
    for error in (refusal("QuotaExceeded", "Too many cores."), http_error(502, "<html>")):
        assert explain_if_pod_identity(error, cluster_of(), missing) is None
        assert text_of(explain(error, cluster_of(), missing))


def test_broken_connection_error_type() -> None:
    error = explain(ServiceRequestError("Name or service not known"), cluster_of(), missing)
    assert isinstance(error, AzureConnectionError)
    assert "Name or service not known" in error.error_msg
    assert "Run your command again" in text_of(error)
    assert explain_plainly(ServiceRequestError("no"), ["Some advice."]).recommendations == ["Some advice."]


def failed(**more: Any) -> AzCLIError:
    """Return the error for an entry that ended in state Failed."""
    cluster = cluster_of([identity_entry(state="Failed", **more)])
    return explain_failed(cluster.profile.identities, cluster, missing)


def test_failed_entry_shows_service_reason() -> None:
    error = failed(provisioningInfo={"error": {"error": {"code": "SomeCode", "message": "Some words."}}})
    assert error.error_msg == f"(SomeCode) Pod identity '{KEY}' ended in state Failed: Some words."


def test_failed_entry_has_advice(az: AzParser) -> None:
    error = failed(provisioningInfo={"error": {"error": {"code": "Some", "message": missing_role(identity_id())}}})
    assert "ended in state Failed" in error.error_msg
    assert [az.parse(command) for command in commands_in(error)]


@pytest.mark.parametrize("info", [None, {}, {"error": None}, {"error": {"error": None}}, {"error": {"error": {}}}])
def test_failed_entry_without_reason(info: object) -> None:
    assert "the service gave no reason" in failed(provisioningInfo=info).error_msg


def test_sdk_error_without_response() -> None:
    assert "Some words." in explain(HttpResponseError(message="Some words."), cluster_of(), missing).error_msg
