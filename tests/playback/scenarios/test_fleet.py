# SPDX-License-Identifier: MIT
"""Commands over several clusters."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.playback.scenario import Scenario
from tests.support.entry_files import binding, text_of

pytestmark = pytest.mark.simulated_only("Azure Resource Graph finds new clusters only after a while.")
SECOND = "second-cluster"


def create_two(scenario: Scenario) -> str:
    """Create the scenario's cluster and a second one. Return the option that limits commands to their subscription."""
    scenario.create_cluster()
    flags = "--network-plugin azure --enable-pod-identity --no-ssh-key"
    scenario.az(f"aks create --resource-group {{group}} --name {SECOND} {flags}").ok()
    return f"--subscription {scenario.az('account show').ok().json['id']}"


def test_list_clusters(scenario: Scenario) -> None:
    only = create_two(scenario)

    result = scenario.az(f"aks pod-identity list-clusters {only}").ok()

    assert [row["name"] for row in result.json] == [scenario.names.cluster, SECOND]
    assert "The add-on is enabled on 2 of 2 clusters" in result.stderr
    assert scenario.az(f"aks pod-identity list-clusters {only} -o table").ok().stdout.startswith("Cluster ")


def test_check_all_clusters(scenario: Scenario) -> None:
    only = create_two(scenario)
    identity = scenario.create_identity("storage")
    scenario.pod_identity(f"add --namespace my-app --name storage --identity-resource-id {identity}").ok()
    scenario.az(f"identity delete --ids {identity}").ok()

    result = scenario.az(f"aks pod-identity check --all-clusters {only} --parallel 1 --fail-on error")

    assert result.exit_code == 1
    found = [(row["cluster"], row["check"]) for row in result.json if row["severity"] == "error"]
    assert found == [(scenario.names.cluster, "managed-identity-missing")]


def test_apply_to_several_clusters(scenario: Scenario, tmp_path: Path) -> None:
    only = create_two(scenario)
    file = tmp_path / "entries.yaml"
    entry = binding({"id": scenario.create_identity("storage")}, "storage")
    file.write_text(f"{text_of([entry], [])}clusters: [{{resourceGroup: {scenario.names.group}}}]\n", "utf-8")
    apply = f"aks pod-identity apply --file {file} {only} --parallel 1"

    assert scenario.az(f"{apply} --dry-run --fail-on-change").exit_code == 5
    result = scenario.az(apply).ok()

    assert [row["state"] for row in result.json] == ["Changed", "Changed"]
    assert [row["state"] for row in scenario.az(apply).ok().json] == ["UpToDate", "UpToDate"]


def test_migration_of_all_clusters(scenario: Scenario) -> None:
    only = create_two(scenario)
    identity = scenario.create_identity("storage")
    scenario.pod_identity(f"add --namespace my-app --name storage --identity-resource-id {identity}").ok()

    result = scenario.az(f"aks pod-identity migrate --all-clusters {only} --parallel 1").ok()

    states = {row["cluster"]: (row["state"], row["managedIdentities"]) for row in result.json}
    assert states == {scenario.names.cluster: ("NotStarted", 1), SECOND: ("ReadyToFinish", 0)}
