# SPDX-License-Identifier: MIT

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Simulator
from development.paths import HOSTS, Host
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, pod_exception, seed_entries

LIST = f"aks pod-identity list {ON_CLUSTER}"
SHOW = f"aks pod-identity show {ON_CLUSTER} --namespace my-app"
AKS_SHOW = f"aks show --resource-group {GROUP} --name {CLUSTER}"
TWO = (pod_exception("agents", {"app": "x", "tier": "y"}), pod_exception("other", {"app": "z"}, "other"))


def test_list_output_equals_aks_show(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second", exceptions=TWO)

    identities = each_az(LIST).ok().json
    exceptions = each_az(f"aks pod-identity exception list {ON_CLUSTER}").ok().json

    assert identities == exceptions == each_az(AKS_SHOW).ok().json


@pytest.mark.parametrize("arguments", ["", "--namespace my-app"])
def test_list_add_on_never_enabled(az: AzureCli, simulator: Simulator, arguments: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    listed = az(f"{LIST} {arguments}").ok()

    assert listed.json["podIdentityProfile"] is None
    assert "not enabled" in listed.stderr
    az.paste(listed.stderr)


@pytest.mark.parametrize("kind", ["", "exception "])
def test_show_add_on_never_enabled(az: AzureCli, simulator: Simulator, kind: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    show = f"aks pod-identity {kind}show {ON_CLUSTER} --namespace my-app --name app"

    shown = az(show).ok()
    quiet = az(f"{show} --only-show-errors").ok()
    az.paste(shown.stderr)
    message = az(show).failed(3)

    assert shown.stdout == quiet.stdout == quiet.stderr == ""
    assert "not enabled" in shown.warnings[0]
    assert "--enable-pod-identity" not in message


@pytest.mark.parametrize("command", ["list", "exception list"])
def test_list_filtered_by_namespace(az: AzureCli, simulator: Simulator, command: str) -> None:
    identity = seed_entries(simulator, "first", exceptions=TWO)["first"]
    az(f"aks pod-identity add {ON_CLUSTER} --namespace other --identity-resource-id {identity['id']}").ok()

    filtered = az(f"aks pod-identity {command} {ON_CLUSTER} --namespace other").ok().json
    whole = az(LIST).ok().json

    profile = filtered.pop("podIdentityProfile")
    assert [entry["namespace"] for entry in profile["userAssignedIdentities"]] == ["other"]
    assert [entry["name"] for entry in profile["userAssignedIdentityExceptions"]] == ["other"]
    assert profile["enabled"] is True
    assert filtered == {name: value for name, value in whole.items() if name != "podIdentityProfile"}


@pytest.mark.parametrize("command", ["list", "exception list"])
@pytest.mark.parametrize(
    ("filters", "left"), [("--name other", ["my-app", "other"]), ("-n other --namespace my-app", ["my-app"])]
)
def test_list_filtered_by_name(az: AzureCli, simulator: Simulator, command: str, filters: str, left: list[str]) -> None:
    identity = seed_entries(simulator, "first", "other", exceptions=[*TWO, pod_exception("other", {"app": "y"})])[
        "other"
    ]
    az(f"aks pod-identity add {ON_CLUSTER} --namespace other --identity-resource-id {identity['id']}").ok()

    profile = az(f"aks pod-identity {command} {ON_CLUSTER} {filters}").ok().json["podIdentityProfile"]

    for entries_of_type in (profile["userAssignedIdentities"], profile["userAssignedIdentityExceptions"]):
        assert {entry["name"] for entry in entries_of_type} == {"other"}
        assert sorted(entry["namespace"] for entry in entries_of_type) == left


def test_list_table_of_pod_identities(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")
    identity = simulator.seed.managed_identity(GROUP, "third-identity")
    add = f"aks pod-identity add {ON_CLUSTER} --namespace other --name third --binding-selector My_Selector"

    added = az(f"{add} --identity-resource-id {identity['id']} --output table").ok().stdout
    listed = az(f"{LIST} --output table").ok().stdout

    assert [row.split() for row in listed.splitlines() if not row.startswith("--")] == [
        ["Name", "Namespace", "ProvisioningState", "ManagedIdentity", "BindingSelector"],
        ["first", "my-app", "Assigned", "first", "first"],
        ["second", "my-app", "Assigned", "second", "second"],
        ["third", "other", "Assigned", "third-identity", "My_Selector"],
    ]
    assert added == listed


def test_list_table_of_exceptions(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[*TWO, pod_exception("none", None)])

    table = az(f"aks pod-identity exception list {ON_CLUSTER} --output table").ok().stdout

    assert [row.split() for row in table.splitlines() if not row.startswith("--")] == [
        ["Name", "Namespace", "PodLabels"],
        ["agents", "my-app", "app=x", "tier=y"],
        ["other", "other", "app=z"],
        ["none", "my-app"],
    ]


def test_list_table_empty(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    assert az(f"{LIST} --output table").ok().stdout.strip() == ""


def test_list_with_query(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")

    names = az(f"{LIST} --query podIdentityProfile.userAssignedIdentities[].name --output tsv").ok().stdout

    assert names.split() == ["first", "second"]


def test_show_pod_identity(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")

    assert each_az(f"{SHOW} --name second").ok().json == entries(simulator)["second"]
    assert each_az(f"{SHOW} --name first --query identity.clientId --output tsv").ok().stdout.strip()


def test_show_exception(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=TWO)

    shown = az(f"aks pod-identity exception show {ON_CLUSTER} --namespace other --name other").ok().json

    assert shown == {"name": "other", "namespace": "other", "podLabels": {"app": "z"}}


@pytest.mark.parametrize(
    ("command", "there"),
    [("show", "my-app/first, my-app/second"), ("exception show", "my-app/agents, other/other")],
)
def test_show_unknown_entry(az: AzureCli, simulator: Simulator, command: str, there: str) -> None:
    seed_entries(simulator, "first", "second", exceptions=TWO)

    message = az(f"aks pod-identity {command} {ON_CLUSTER} --namespace other --name agents").failed(3)

    assert there in message
    (way_out,) = commands_in(message)
    assert way_out.startswith(f"az aks pod-identity {command.replace('show', 'list')} {ON_CLUSTER}")


@pytest.mark.parametrize("command", ["list", "show --namespace my-app --name first"])
def test_read_while_cluster_is_updating(az: AzureCli, simulator: Simulator, command: str) -> None:
    seed_entries(simulator, "first", provisioningState="Updating")

    az(f"aks pod-identity {command} {ON_CLUSTER}").ok()

    assert sent(simulator) == ["GET managedClusters"]


@pytest.mark.parametrize(
    ("command", "group", "code"),
    [
        ("list", GROUP, "ResourceNotFound"),
        ("show --namespace my-app --name x", "nowhere", "ResourceGroupNotFound"),
        ("exception list", "nowhere", "ResourceGroupNotFound"),
        ("exception show --namespace my-app --name x", GROUP, "ResourceNotFound"),
    ],
    ids=["list", "show", "exception list", "exception show"],
)
def test_read_unknown_cluster(az: AzureCli, simulator: Simulator, command: str, group: str, code: str) -> None:
    message = az(f"aks pod-identity {command} --resource-group {group} --cluster-name missing").failed(3)

    (request,) = simulator.requests.all()
    error: dict[str, Any] = request.response["error"]
    assert f"({code}) {error['message']}" in message
    assert "Request ID: " in message
    assert "az aks list --output table" in message


@pytest.mark.parametrize("host", HOSTS, ids=lambda host: host.name)
def test_index_built_by_host_command(
    logged_in: Callable[[Host], AzureCli], simulator: Simulator, tmp_path: Path, host: Host
) -> None:
    cli = logged_in(host)
    folder = shutil.copytree(cli.environment["AZURE_CONFIG_DIR"], tmp_path / "config")
    for index in folder.glob("*Index.json"):
        index.unlink()
    fresh = AzureCli(cli.az, {**cli.environment, "AZURE_CONFIG_DIR": str(folder)})
    seed_entries(simulator, "first")

    fresh(AKS_SHOW).ok()
    built = (folder / "commandIndex.json").read_text("utf-8")

    assert fresh(LIST).ok().json["name"] == CLUSTER
    assert "pod-identity" in fresh("aks -h").ok().stdout
    assert (folder / "commandIndex.json").read_text("utf-8") == built
