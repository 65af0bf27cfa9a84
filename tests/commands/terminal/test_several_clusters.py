# SPDX-License-Identifier: MIT
"""Test every command with several `--ids`, in each output format."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import GROUP, AzureCli
from tests.support.cluster_state import pod_exception, pod_identity, principal_id
from tests.support.entry_files import binding, write

NAMES = ("one", "two")
ENTRY = "--namespace my-app --name app"


@pytest.fixture
def ids(simulator: Simulator) -> str:
    """The IDs of two clusters that have the pod identity `app` and the exception `app`."""
    identity = simulator.seed.managed_identity(GROUP, "app")
    simulator.seed.managed_identity(GROUP, "new")
    profile = {
        "enabled": True,
        "userAssignedIdentities": [pod_identity(identity, "app")],
        "userAssignedIdentityExceptions": [pod_exception("app", {"app": "x"}, "my-app")],
    }
    clusters = [simulator.seed.cluster(GROUP, name, pod_identity=profile) for name in NAMES]
    for cluster in clusters:
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return " ".join(cluster["id"] for cluster in clusters)


def new_identity(simulator: Simulator) -> str:
    return str(simulator.seed.managed_identity(GROUP, "new")["id"])


def commands(simulator: Simulator, folder: Path) -> list[str]:
    """One command for each verb that takes --ids, in an order in which each succeeds."""
    manifest = write(folder, [binding(simulator.seed.managed_identity(GROUP, "new"))])
    return [
        f"show {ENTRY}",
        "check",
        "export",
        f"apply --file {manifest}",
        f"add --namespace my-app --name other --identity-resource-id {new_identity(simulator)}",
        "delete --namespace my-app --name other",
        f"exception show {ENTRY}",
        f"exception update {ENTRY} --pod-labels app=y",
        "exception add --namespace my-app --name other --pod-labels app=z",
        f"exception delete {ENTRY}",
    ]


def test_table_has_cluster_column(az: AzureCli, simulator: Simulator, ids: str, tmp_path: Path) -> None:
    for command in commands(simulator, tmp_path):
        result = az(f"aks pod-identity {command} --ids {ids} --output table").ok()
        head, _, *rows = result.stdout.partition("\n\n")[0].splitlines()
        clusters = [row.split()[0] for row in rows if not row.startswith(" ")]
        assert head.split()[0] == "Cluster", command
        assert sorted(set(clusters)) == clusters[:: max(1, len(clusters) // 2)][:2] == list(NAMES), (command, rows)
        assert "Table output unavailable" not in result.stderr


def test_json_and_tsv_of_two_results(az: AzureCli, simulator: Simulator, ids: str, tmp_path: Path) -> None:
    for command in commands(simulator, tmp_path)[:3]:
        assert len(json.loads(az(f"aks pod-identity {command} --ids {ids} --output json").ok().stdout)) == 2
    assert len(az(f"aks pod-identity show {ENTRY} --ids {ids} --output tsv").ok().stdout.splitlines()) == 2


def test_no_wait_table_is_empty(az: AzureCli, ids: str) -> None:
    result = az(f"aks pod-identity delete {ENTRY} --ids {ids} --no-wait --output table").ok()
    assert result.stdout.strip() == ""


def test_export_has_document_per_cluster(az: AzureCli, ids: str) -> None:
    text = az(f"aks pod-identity export --ids {ids}").ok().stdout
    assert sorted(line for line in text.splitlines() if line.startswith("# Cluster")) == [
        "# Cluster one",
        "# Cluster two",
    ]
    assert text.count("\n---\n") == 1
    assert "null" not in text


def test_deprecation_warned_once_if_successful(az: AzureCli, simulator: Simulator, ids: str) -> None:
    add = f"aks pod-identity add --namespace my-app --name other --ids {ids} --identity-resource-id"
    result = az(f"{add} {new_identity(simulator)}").ok()
    (line,) = [warning for warning in result.warnings if "deprecated" in warning]
    assert line.count("was granted the Managed Identity Operator role over 'new'.") == 2
    assert line.endswith(
        " The pod identity add-on is deprecated; its support ended in September 2025. To plan the migration to "
        "Microsoft Entra Workload ID, run 'az aks pod-identity migrate'."
    )
    assert "deprecated" not in az(f"{add} {new_identity(simulator)}-gone").failed(1)


def test_subscription_in_commands_only_if_needed(az: AzureCli, simulator: Simulator, ids: str) -> None:
    by_id = f"aks pod-identity check --cluster {ids.split()[0]} --query [0].command --output tsv"
    assert "--subscription" not in az(by_id).ok().stdout
    subscription = ids.split("/")[2]
    assert f"--subscription {subscription}" in az(f"{by_id} --subscription {subscription}").ok().stdout
