# SPDX-License-Identifier: MIT

from __future__ import annotations

import re

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER_PATH, GROUP, ON_CLUSTER, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import exceptions, pod_exception, profile_of, seed_entries
from tests.support.comparison import written

EXCEPTION = "aks pod-identity exception"
OLD = pod_exception("old", {"app": "x", "tier": "y"})
OTHER = pod_exception("other", {"app": "z"})
READ_CHANGE_READ = ["GET managedClusters", "PUT managedClusters", "GET operations", "GET managedClusters"]


def test_add_stores_labels(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[OTHER])
    labels = "app=node-agent app.kubernetes.io/part-of=My_Shop.2 tier="

    result = each_az(f"{EXCEPTION} add {POD_IDENTITY} --name agents --pod-labels {labels}").ok()

    wanted = {"app": "node-agent", "app.kubernetes.io/part-of": "My_Shop.2", "tier": ""}
    assert exceptions(simulator) == {"other": OTHER, "agents": pod_exception("agents", wanted)}
    printed = result.json["podIdentityProfile"]["userAssignedIdentityExceptions"]
    assert [entry["name"] for entry in printed] == ["other", "agents"]
    assert sent(simulator) == READ_CHANGE_READ
    assert result.warnings == []


def test_add_request_body(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")

    az(f"{EXCEPTION} add {POD_IDENTITY} --name agents --pod-labels app=x").ok()

    body, expected = written(simulator)
    assert body == expected


@pytest.mark.parametrize("verb", ["add", "update"])
def test_add_same_labels_again(az: AzureCli, simulator: Simulator, verb: str) -> None:
    seed_entries(simulator, exceptions=[OLD])

    result = az(f"{EXCEPTION} {verb} {POD_IDENTITY} --name old --pod-labels tier=y app=x app=x").ok()

    assert any("No changes" in warning for warning in result.warnings)
    assert sent(simulator) == ["GET managedClusters"]


def test_add_other_labels_recommends_update(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[OLD])

    message = az(f"{EXCEPTION} add {POD_IDENTITY} --name old --pod-labels app=new").failed()

    assert "app=x tier=y" in message
    assert sent(simulator) == ["GET managedClusters"]
    assert commands_in(message) == [f"az {EXCEPTION} update {POD_IDENTITY} --name old --pod-labels app=new"]
    az.paste(message)
    assert exceptions(simulator)["old"]["podLabels"] == {"app": "new"}


def test_add_derived_name_is_stable(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator)
    az(f"{EXCEPTION} add {POD_IDENTITY} --pod-labels app=x tier=y").ok()
    (name,) = exceptions(simulator)
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)

    again = az(f"{EXCEPTION} add {POD_IDENTITY} --pod-labels tier=y app=x").ok()
    az(f"{EXCEPTION} add {POD_IDENTITY} --pod-labels app=x").ok()

    assert any("No changes" in warning for warning in again.warnings)
    assert len(exceptions(simulator)) == 2


def test_update_replaces_labels(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[OLD, OTHER])

    each_az(f"{EXCEPTION} update {POD_IDENTITY} --name old --pod-labels app=new").ok()

    assert exceptions(simulator) == {"old": pod_exception("old", {"app": "new"}), "other": OTHER}
    assert sent(simulator) == READ_CHANGE_READ


def test_delete_removes_only_exception(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "old", exceptions=[OLD, OTHER])

    result = each_az(f"{EXCEPTION} delete {POD_IDENTITY} --name old").ok()

    assert exceptions(simulator) == {"other": OTHER}
    assert len(result.json["podIdentityProfile"]["userAssignedIdentities"]) == 1
    assert sent(simulator) == READ_CHANGE_READ


def test_delete_last_exception_keeps_add_on_enabled(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[OLD])

    az(f"{EXCEPTION} delete {POD_IDENTITY} --name old").ok()

    assert profile_of(simulator) == {"enabled": True}


def test_add_duplicate_label_last_value_wins(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator)

    result = az(f"{EXCEPTION} add {POD_IDENTITY} --name '' --pod-labels app=x app=y").ok()

    assert result.json["podIdentityProfile"]["userAssignedIdentityExceptions"][0]["podLabels"] == {"app": "y"}
    assert result.warnings == ["--pod-labels has several values for 'app'. The last one, 'y', is used."]


def test_delete_unknown_exception_exits_zero(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "missing", exceptions=[OLD, OTHER])

    result = az(f"{EXCEPTION} delete {POD_IDENTITY} --name missing").ok()

    assert "my-app/old, my-app/other" in result.stderr
    assert sent(simulator) == ["GET managedClusters"]


def test_update_unknown_exception(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "missing", exceptions=[OLD, OTHER])

    message = az(f"{EXCEPTION} update --pod-labels app=x {POD_IDENTITY} --name missing").failed(3)

    assert "my-app/old, my-app/other" in message
    assert commands_in(message) == [f"az {EXCEPTION} list {ON_CLUSTER} --output table"]
    assert sent(simulator) == ["GET managedClusters"]


@pytest.mark.parametrize(
    "change",
    [
        "exception add --name new --pod-labels app=x",
        "exception update --name old --pod-labels app=new",
        "exception delete --name old",
        "add --identity-resource-id {identity}",
        "delete --name app",
    ],
    ids=lambda change: change.partition(" --")[0],
)
def test_null_labels_sent_as_empty(az: AzureCli, simulator: Simulator, change: str) -> None:
    seed_entries(simulator, "app", exceptions=[OLD, pod_exception("null", None)])
    identity = simulator.seed.managed_identity(GROUP, "new")

    az(f"aks pod-identity {change.format(identity=identity['id'])} {POD_IDENTITY}").ok()

    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    sent_exceptions = put.body["properties"]["podIdentityProfile"]["userAssignedIdentityExceptions"]
    assert {entry["name"]: entry["podLabels"] for entry in sent_exceptions}["null"] == {}


@pytest.mark.parametrize("change", ["update --pod-labels app=x", "delete"])
def test_update_null_labels(az: AzureCli, simulator: Simulator, change: str) -> None:
    seed_entries(simulator, exceptions=[pod_exception("null", None)])

    az(f"{EXCEPTION} {change} {POD_IDENTITY} --name null").ok()

    assert exceptions(simulator).get("null", {}).get("podLabels") == ({"app": "x"} if "update" in change else None)


@pytest.mark.parametrize("change", ["add --pod-labels app=x", "update --pod-labels app=x", "delete"])
def test_service_exception_is_read_only(az: AzureCli, simulator: Simulator, change: str) -> None:
    own = pod_exception("aks-addon-exception", {"kubernetes.azure.com/managedby": "aks"}, "kube-system")
    seed_entries(simulator, exceptions=[own])

    message = az(f"{EXCEPTION} {change} {ON_CLUSTER} --namespace kube-system --name aks-addon-exception").failed()

    own_name = "Pod identity exception 'aks-addon-exception' in namespace 'kube-system'"
    assert f"{own_name} is managed by AKS for its own add-ons and cannot be changed." in message
    assert not simulator.requests.matching("PUT")


@pytest.mark.parametrize(
    "entry", ["--namespace kube-system --name own-agents", "--namespace my-app --name aks-addon-exception"]
)
def test_similar_name_to_service_exception(az: AzureCli, simulator: Simulator, entry: str) -> None:
    seed_entries(simulator)

    az(f"{EXCEPTION} add {ON_CLUSTER} {entry} --pod-labels app=x").ok()

    assert len(exceptions(simulator)) == 1
