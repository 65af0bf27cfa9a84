# SPDX-License-Identifier: MIT
"""Test changes that the first read of the cluster shows to be impossible, and the recommended commands."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, POD_IDENTITY, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, exceptions, pod_exception, seed_entries

CHANGES = {
    "add": "add --name app --identity-resource-id {identity}",
    "delete": "delete --name app",
    "exception add": "exception add --name agents --pod-labels app=x",
    "exception update": "exception update --name agents --pod-labels app=x",
    "exception delete": "exception delete --name agents",
}
UPDATE = f"az aks update --resource-group {GROUP} --name {CLUSTER}"
each_change = pytest.mark.parametrize("change", CHANGES)
each_addition = pytest.mark.parametrize("change", ["add", "exception add"])


def command_of(change: str, simulator: Simulator) -> str:
    identity = simulator.seed.managed_identity(GROUP, "app")
    return f"aks pod-identity {CHANGES[change].format(identity=identity['id'])} {POD_IDENTITY}"


def refused(az: AzureCli, simulator: Simulator, command: str, exit_code: int = 1) -> str:
    """What the command said that was refused after one look at the cluster."""
    message = az(command).failed(exit_code)
    assert sent(simulator) == ["GET managedClusters"]
    return message


@each_change
def test_unknown_cluster(az: AzureCli, simulator: Simulator, change: str) -> None:
    message = refused(az, simulator, command_of(change, simulator), exit_code=3)

    assert "(ResourceNotFound) The Resource 'Microsoft.ContainerService/managedClusters/cluster'" in message
    assert "Request ID: " in message
    assert "az aks list --output table" in message


@pytest.mark.parametrize("change", ["add", "exception add", "exception delete"])
def test_service_principal_cluster(az: AzureCli, simulator: Simulator, change: str) -> None:
    agents = pod_exception("agents", {"app": "old"})
    profile = {"enabled": True, "userAssignedIdentityExceptions": [agents]}
    simulator.seed.cluster(GROUP, CLUSTER, identity="ServicePrincipal", pod_identity=profile)

    message = refused(az, simulator, command_of(change, simulator))

    assert "requires a managed identity" in message
    assert commands_in(message) == [f"{UPDATE} --enable-managed-identity"]


@each_addition
@pytest.mark.parametrize("profile", [False, {}], ids=["never enabled", "disabled"])
def test_add_add_on_disabled(az: AzureCli, simulator: Simulator, change: str, profile: bool | dict[str, Any]) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)

    message = refused(az, simulator, command_of(change, simulator))

    assert "is not enabled on cluster 'cluster'" in message
    assert commands_in(message) == [f"{UPDATE} --enable-pod-identity"]


def test_enable_command_works(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    command = command_of("add", simulator)

    az.paste(az(command).failed())

    az(command).ok()


def test_exception_update_add_on_disabled(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={})

    assert "The cluster has none." in refused(az, simulator, command_of("exception update", simulator), exit_code=3)


@pytest.mark.parametrize("change", ["delete", "exception delete"])
def test_delete_add_on_disabled(az: AzureCli, simulator: Simulator, change: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity={})

    result = az(command_of(change, simulator)).ok()

    assert "The cluster has none." in result.stderr
    assert "The pod identity add-on is not enabled" in result.stderr
    assert sent(simulator) == ["GET managedClusters"]


@each_addition
def test_kubenet_without_consent(az: AzureCli, simulator: Simulator, change: str) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", pod_identity={"enabled": True})
    command = command_of(change, simulator)

    message = refused(az, simulator, command)

    assert commands_in(message) == [f"{UPDATE} --enable-pod-identity --enable-pod-identity-with-kubenet"]
    assert "impersonate" in message
    assert "NET_RAW" in message
    az.paste(message)
    az(command).ok()


def test_kubenet_add_on_disabled(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, network_plugin="kubenet", pod_identity=False)

    message = refused(az, simulator, command_of("add", simulator))

    assert commands_in(message) == [f"{UPDATE} --enable-pod-identity --enable-pod-identity-with-kubenet"]


def test_two_hundred_pod_identities(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, *(f"app-{number}" for number in range(200)))

    message = refused(az, simulator, command_of("add", simulator))

    assert "200" in message
    assert commands_in(message)[0].startswith("az aks pod-identity list ")
    az(f"aks pod-identity delete {POD_IDENTITY} --name app-7").ok()
    az(command_of("add", simulator)).ok()
    assert len(entries(simulator)) == 200


def test_two_hundred_exceptions(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[pod_exception(f"agents-{number}", {"app": "x"}) for number in range(200)])

    message = refused(az, simulator, command_of("exception add", simulator))

    assert "200" in message
    assert commands_in(message)[0].startswith("az aks pod-identity exception list ")
    az(f"aks pod-identity exception update {POD_IDENTITY} --name agents-7 --pod-labels app=y").ok()
    assert exceptions(simulator)["agents-7"]["podLabels"] == {"app": "y"}


@pytest.mark.parametrize("change", ["add", "delete", "exception update"])
def test_cluster_being_deleted(az: AzureCli, simulator: Simulator, change: str) -> None:
    seed_entries(simulator, "app", provisioningState="Deleting")

    assert "is being deleted" in refused(az, simulator, command_of(change, simulator))


def test_commands_repeat_subscription(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    command = command_of("exception add", simulator)

    message = refused(az, simulator, f"{command} --subscription {simulator.subscription_id}")

    (way_out,) = commands_in(message)
    assert f"--subscription {simulator.subscription_id}" in way_out


def test_commands_quote_names(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster("rg (1)", "cluster", pod_identity=False)
    where = "--resource-group 'rg (1)' --cluster-name cluster --namespace my-app"

    message = refused(az, simulator, f"aks pod-identity exception add {where} --pod-labels app=x")

    az.paste(message)
    assert simulator.cluster("rg (1)", "cluster")["properties"]["podIdentityProfile"] == {"enabled": True}
