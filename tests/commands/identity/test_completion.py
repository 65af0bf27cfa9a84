"""Tab completion, asked for as a shell asks."""

from __future__ import annotations

import subprocess

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import pod_exception, seed_entries


def completions(az: AzureCli, line: str) -> list[str]:
    """What argcomplete offers after the line."""
    # argcomplete writes to file descriptor 8.
    process = subprocess.run(
        ["bash", "-c", f'"{az.az}" 8>&1 9>/dev/null 1>/dev/null'],
        cwd=az.environment["HOME"],
        env={
            **az.environment,
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [word.strip() for word in process.stdout.splitlines()]


@pytest.mark.parametrize(
    ("command", "option", "offered"),
    [
        ("show", "--name", ["first", "second"]),
        ("show", "--namespace", ["my-app"]),
        ("exception show", "--name", ["agents"]),
        ("exception show", "--namespace", ["monitoring"]),
    ],
)
def test_names_and_namespaces_are_offered(
    az: AzureCli, simulator: Simulator, command: str, option: str, offered: list[str]
) -> None:
    seed_entries(simulator, "first", "second", exceptions=[pod_exception("agents", {"app": "x"}, "monitoring")])

    assert completions(az, f"az aks pod-identity {command} {ON_CLUSTER} {option} ") == offered


def test_entries_of_a_cluster_named_by_its_id_are_offered(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "first", "second")
    resource_id = simulator.cluster(GROUP, CLUSTER)["id"]

    assert completions(az, f"az aks pod-identity show --cluster {resource_id} --name ") == ["first", "second"]


def test_managed_identities_are_offered(az: AzureCli, simulator: Simulator) -> None:
    ids = [identity["id"] for identity in seed_entries(simulator, "first", "second").values()]

    assert completions(az, f"az aks pod-identity add {ON_CLUSTER} --identity-resource-id ") == ids


@pytest.mark.parametrize("option", ["--cluster-name", "--cluster"])
def test_clusters_of_the_group_are_offered(az: AzureCli, simulator: Simulator, option: str) -> None:
    simulator.seed.cluster(GROUP, "one")
    simulator.seed.cluster(GROUP, "two")

    assert completions(az, f"az aks pod-identity list --resource-group {GROUP} {option} ") == ["one", "two"]
