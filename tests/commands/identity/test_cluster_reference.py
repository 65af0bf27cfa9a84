# SPDX-License-Identifier: MIT
"""Test the ways to name a cluster in every command of the group."""

from __future__ import annotations

import json

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import pod_exception, seed_entries

OTHER = "00000000-0000-0000-0000-0000000000ff"


def cluster_id(simulator: Simulator) -> str:
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "x"})])
    return str(simulator.cluster(GROUP, CLUSTER)["id"])


@pytest.mark.parametrize(
    "command",
    [
        "list",
        "exception list",
        "show --namespace my-app --name app",
        "exception show --namespace my-app --name agents",
        "check",
    ],
)
def test_cluster_id_equals_group_and_name(az: AzureCli, simulator: Simulator, command: str) -> None:
    resource_id = cluster_id(simulator)

    by_id = az(f"aks pod-identity {command} --cluster {resource_id}").ok().stdout

    # The commands of `check` name the subscription that the id named.
    plain = by_id.replace(f" --subscription {resource_id.split('/')[2]}", "")
    assert json.loads(plain) == az(f"aks pod-identity {command} {ON_CLUSTER}").ok().json


@pytest.mark.parametrize("naming", ["--cluster {id}", "--ids {id}", "--cluster cluster -g rg"])
def test_change_by_any_reference(each_az: AzureCli, simulator: Simulator, naming: str) -> None:
    on_cluster = naming.format(id=cluster_id(simulator))

    changed = each_az(f"aks pod-identity exception delete {on_cluster} --namespace my-app --name agents").ok().json

    assert not changed["podIdentityProfile"]["userAssignedIdentityExceptions"]


def test_several_ids_shown(az: AzureCli, simulator: Simulator) -> None:
    resource_id = cluster_id(simulator)

    shown = az(f"aks pod-identity show --ids {resource_id} {resource_id} --namespace my-app --name app").ok().json

    assert [entry["name"] for entry in shown] == ["app", "app"]


def test_subscription_of_cluster_id(az: AzureCli, simulator: Simulator) -> None:
    resource_id = cluster_id(simulator)
    subscription = resource_id.split("/")[2]
    elsewhere = resource_id.replace(subscription, OTHER)

    said = az(f"aks pod-identity list --cluster {elsewhere}").failed()

    asked = simulator.requests.all()
    assert OTHER in said or any(f"/subscriptions/{OTHER}/" in each.path for each in asked)
    assert not any(each.path.endswith(CLUSTER) and f"/{subscription}/" in each.path for each in asked)


def test_defaults_of_az_config(az: AzureCli, simulator: Simulator) -> None:
    resource_id = cluster_id(simulator)
    az.environment["AZURE_DEFAULTS_GROUP"] = GROUP
    try:
        listed = az(f"aks pod-identity list --cluster-name {CLUSTER}").ok().json
        az.environment["AZURE_DEFAULTS_GROUP"] = "another"
        by_id = az(f"aks pod-identity list --cluster {resource_id}").ok().json
    finally:
        del az.environment["AZURE_DEFAULTS_GROUP"]
    assert listed == by_id


@pytest.mark.parametrize(
    "naming",
    [
        "",
        "--cluster cluster",
        "--cluster {id} -g other",
        "--cluster {id} --cluster-name other",
        "--cluster {id} --ids {id}",
        f"--cluster {{id}} --subscription {OTHER}",
    ],
)
def test_no_cluster_or_two_refused(az: AzureCli, simulator: Simulator, naming: str) -> None:
    on_cluster = naming.format(id=cluster_id(simulator))

    az(f"aks pod-identity show {on_cluster} --namespace my-app --name app").failed()

    assert simulator.requests.all() == []
