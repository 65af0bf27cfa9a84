# SPDX-License-Identifier: MIT
"""Test tab completion with the requests of a shell."""

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import pod_exception, seed_entries
from tests.support.completion import completions


@pytest.mark.parametrize(
    ("command", "option", "offered"),
    [
        ("show", "--name", ["first", "second"]),
        ("show", "--namespace", ["my-app"]),
        ("exception show", "--name", ["agents"]),
        ("exception show", "--namespace", ["monitoring"]),
    ],
)
def test_complete_names_and_namespaces(
    az: AzureCli, simulator: Simulator, command: str, option: str, offered: list[str]
) -> None:
    seed_entries(simulator, "first", "second", exceptions=[pod_exception("agents", {"app": "x"}, "monitoring")])

    assert completions(az, f"az aks pod-identity {command} {ON_CLUSTER} {option} ") == offered


def test_complete_entries_by_cluster_id(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")
    resource_id = simulator.cluster(GROUP, CLUSTER)["id"]

    assert completions(az, f"az aks pod-identity show --cluster {resource_id} --name ") == ["first", "second"]


def test_complete_managed_identities(az: AzureCli, simulator: Simulator) -> None:
    ids = [identity["id"] for identity in seed_entries(simulator, "first", "second").values()]

    assert completions(az, f"az aks pod-identity add {ON_CLUSTER} --identity-resource-id ") == ids


@pytest.mark.parametrize("option", ["--cluster-name", "--cluster"])
def test_complete_cluster_names(az: AzureCli, simulator: Simulator, option: str) -> None:
    simulator.seed.cluster(GROUP, "one")
    simulator.seed.cluster(GROUP, "two")

    assert completions(az, f"az aks pod-identity list --resource-group {GROUP} {option} ") == ["one", "two"]
