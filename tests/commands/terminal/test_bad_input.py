# SPDX-License-Identifier: MIT
"""Test that invalid input is refused before any request, with the reason and an example."""

from __future__ import annotations

import shlex

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import ON_CLUSTER, AzureCli

SUBSCRIPTION = "/subscriptions/5b8e1f64-0d1b-4e0c-8f0a-3c4d5e6f7a81"
PROVIDER = "providers/Microsoft.ManagedIdentity/userAssignedIdentities"
IDENTITY = f"{SUBSCRIPTION}/resourceGroups/rg/{PROVIDER}/app"

NAMES = {
    "my_pod": "it contains '_'",
    "MyPod": "uppercase letters",
    ".my-pod": "start and end with a letter or digit",
    "-my-pod": "start and end with a letter or digit",
    "my-pod-": "start and end with a letter or digit",
    "my..pod": "start and end with a letter or digit",
    "my pod": "it contains ' '",
    "höhe": "it contains 'ö'",
    "a" * 254: "254 characters, but at most 253 are allowed",
}
NAMESPACES = {
    "my.app": "it contains '.'",
    "MyApp": "uppercase letters",
    "-my-app": "start and end with a letter or digit",
    "my-app-": "start and end with a letter or digit",
    "a" * 64: "64 characters, but at most 63 are allowed",
    "": "it is empty",
}
SELECTORS = {
    "my selector": "it contains ' '",
    "my/selector": "it contains '/'",
    "_selector": "start and end with a letter or digit",
    "a" * 64: "64 characters, but at most 63 are allowed",
}
IDENTITIES = {
    "app": "does not start with /subscriptions/",
    "": "does not start with /subscriptions/",
    IDENTITY.removeprefix("/"): "does not start with /subscriptions/",
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/app": "its type is not",
    f"{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.ManagedIdentity/identities/app": "its type is not",
    f"{SUBSCRIPTION}/resourceGroups/rg/{PROVIDER}": "is not",
    f"{SUBSCRIPTION}/resourceGroups/rg/{PROVIDER}/": "a part is missing",
    f"{SUBSCRIPTION}/rg/{PROVIDER}/app": "a part is missing",
    f"{SUBSCRIPTION}/resourceGroups//{PROVIDER}/app": "a part is missing",
    f"{IDENTITY}/federatedIdentityCredentials/x": "missing or extra",
    f"{IDENTITY}/": "missing or extra",
    f" {IDENTITY}": "white space",
    f"{IDENTITY} ": "white space",
    f"{IDENTITY}\n": "white space",
    f"/subscriptions/my-subscription/resourceGroups/rg/{PROVIDER}/app": "'my-subscription' is not a subscription ID",
}
LABELS = {
    "app": "it does not contain '='",
    "=x": "'' is not a valid label key",
    "app=x tier": "it does not contain '='",
    "My_Prefix/app=x": "the prefix 'My_Prefix' of its key is not a DNS subdomain",
    "/app=x": "the prefix '' of its key is not a DNS subdomain",
    "example.com/=x": "'' is not a valid label key",
    "_app=x": "'_app' is not a valid label key",
    "'my app=x'": "'my app' is not a valid label key",
    f"{'a' * 64}=x": "is not a valid label key",
    "app=-x": "start and end with a letter or digit",
    "'app=a b'": "it contains ' '",
    "app=a=b": "it contains '='",
    f"app={'a' * 64}": "64 characters, but at most 63 are allowed",
}


def ids(value: str) -> str:
    return value[:50] if value else "empty"


def refused(az: AzureCli, simulator: Simulator, command: str) -> str:
    """What the command said that was refused without a request."""
    message = az(f"aks pod-identity {command} {ON_CLUSTER}").failed()
    assert simulator.requests.all() == []
    return message


@pytest.mark.parametrize("name", NAMES, ids=ids)
def test_invalid_name(az: AzureCli, simulator: Simulator, name: str) -> None:
    message = refused(
        az, simulator, f"add --namespace my-app --identity-resource-id {IDENTITY} --name={shlex.quote(name)}"
    )

    assert f"--name {name!r}" in message
    assert NAMES[name] in message
    assert "Example: my-pod-identity" in message
    assert "allowed only in --binding-selector" in message


@pytest.mark.parametrize("namespace", NAMESPACES, ids=ids)
def test_invalid_namespace(az: AzureCli, simulator: Simulator, namespace: str) -> None:
    message = refused(az, simulator, f"add --identity-resource-id {IDENTITY} --namespace={shlex.quote(namespace)}")

    assert f"--namespace {namespace!r}" in message
    assert NAMESPACES[namespace] in message
    assert "Example: my-app" in message


@pytest.mark.parametrize("selector", SELECTORS, ids=ids)
def test_invalid_selector(az: AzureCli, simulator: Simulator, selector: str) -> None:
    command = f"add --namespace my-app --identity-resource-id {IDENTITY} --binding-selector={shlex.quote(selector)}"

    message = refused(az, simulator, command)

    assert f"--binding-selector {selector!r}" in message
    assert SELECTORS[selector] in message
    assert "Example: my_selector" in message


@pytest.mark.parametrize("resource_id", IDENTITIES, ids=lambda value: value.replace(SUBSCRIPTION, "") or "empty")
def test_invalid_identity_resource_id(az: AzureCli, simulator: Simulator, resource_id: str) -> None:
    message = refused(az, simulator, f"add --namespace my-app --identity-resource-id={shlex.quote(resource_id)}")

    assert IDENTITIES[resource_id] in message
    assert f"/resourceGroups/myIdentityResourceGroup/{PROVIDER}/application-identity" in message
    assert "az identity show" in message


@pytest.mark.parametrize("labels", LABELS, ids=ids)
def test_invalid_labels(az: AzureCli, simulator: Simulator, labels: str) -> None:
    message = refused(az, simulator, f"exception add --namespace my-app --pod-labels {labels}")

    assert LABELS[labels] in message
    assert "Example: --pod-labels app=my-app" in message


@pytest.mark.parametrize("verb", ["add", "update --name x"])
def test_exception_without_labels(az: AzureCli, simulator: Simulator, verb: str) -> None:
    message = refused(az, simulator, f"exception {verb} --namespace my-app --pod-labels")

    assert "An exception without labels has no effect" in message
    assert "Example: --pod-labels app=my-app" in message


@pytest.mark.parametrize(
    "command",
    [
        "list --namespace My_Pod",
        "exception add --namespace my-app --name My_Pod --pod-labels app=x",
        "exception add --namespace My_Pod --pod-labels app=x",
        "exception list --namespace My_Pod",
    ],
    ids=["list", "exception add, name", "exception add, namespace", "exception list"],
)
def test_invalid_names_of_other_commands(az: AzureCli, simulator: Simulator, command: str) -> None:
    assert "'My_Pod' is not a" in refused(az, simulator, command)


def test_delete_role_with_no_wait(az: AzureCli, simulator: Simulator) -> None:
    message = refused(az, simulator, "delete --namespace my-app --name x --delete-role-assignment --no-wait")

    assert "--delete-role-assignment and --no-wait cannot be used together" in message
    assert "az role assignment delete" in message


def test_invalid_custom_headers(az: AzureCli, simulator: Simulator) -> None:
    message = refused(az, simulator, "delete --namespace my-app --name x --aks-custom-headers nonsense")

    assert "nonsense" in message


def test_no_name_derivable_from_identity(az: AzureCli, simulator: Simulator) -> None:
    message = refused(az, simulator, f"add --namespace my-app --identity-resource-id {IDENTITY.rpartition('/')[0]}/___")

    assert "--name" in message
    assert "Example: my-pod-identity" in message


@pytest.mark.parametrize(
    ("command", "missing"),
    [
        ("add --namespace my-app", "--identity-resource-id"),
        (f"add --identity-resource-id {IDENTITY}", "--namespace"),
        ("delete --namespace my-app", "--name"),
        ("exception update --namespace my-app --pod-labels app=x", "--name"),
        ("exception add --namespace my-app --name x", "--pod-labels"),
    ],
    ids=["add identity", "add namespace", "delete name", "exception update name", "exception add labels"],
)
def test_missing_option(az: AzureCli, simulator: Simulator, command: str, missing: str) -> None:
    message = az(f"aks pod-identity {command} {ON_CLUSTER}").failed(2)

    assert f"the following arguments are required: {missing}" in message
    assert simulator.requests.all() == []
