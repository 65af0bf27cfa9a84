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
    advise,
    explain,
    explain_failed,
    explain_plainly,
)
from azext_podidentity.profile.cluster import KUBENET_RISK
from tests.support.az_parser import AzParser
from tests.support.builders import (
    KEY,
    cluster_of,
    commands_in,
    http_error,
    identity_entry,
    identity_id,
    missing_role,
    refusal,
    text_of,
)
from tests.support.lookups import gone
from tests.support.message_cases import MESSAGES


@pytest.mark.parametrize("name", MESSAGES)
def test_every_known_refusal_gets_advice_and_keeps_the_services_words(name: str) -> None:
    code, message = MESSAGES[name]
    error = explain(refusal(code, message, headers={"x-ms-request-id": "17"}), cluster_of(), gone)
    why, words = error.error_msg.split("\n", 1)
    assert why.endswith(".")
    assert words == f"({code}) {message}\nRequest id: 17"
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
    (command,) = commands_in(explain(refusal(*MESSAGES["same name"]), cluster_of(), gone))
    assert az.removed(command) == [KEY]


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


def failed(**more: Any) -> AzCLIError:
    """What is said of an entry that ended Failed."""
    cluster = cluster_of([identity_entry(state="Failed", **more)])
    return explain_failed(cluster.profile.identities, cluster, gone)


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
