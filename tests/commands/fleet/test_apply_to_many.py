# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity apply` to the clusters that a file selects, and its report of drift."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER_PATH, GROUP, AzureCli, Result, signal_at
from tests.support.cluster_state import principal_id
from tests.support.faults import forbidden

APPLY = "aks pod-identity apply --file {} --skip-role-assignment"


@pytest.fixture
def fleet(simulator: Simulator) -> Simulator:
    """Three clusters in two subscriptions that may assign the managed identity of the file, and another one."""
    identity = simulator.seed.managed_identity(GROUP, "app-identity")
    for name, subscription in (("prod-a", 0), ("prod-b", 1), ("prod-c", 0), ("test", 1)):
        cluster = simulator.seed.cluster(GROUP, name, subscription_id=simulator.subscription_ids[subscription])
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return simulator


@pytest.fixture
def file(simulator: Simulator, tmp_path: Path) -> Path:
    path = tmp_path / "file.yaml"
    path.write_text(
        "version: 1\nclusters: [{name: prod-*}]\npodIdentities:\n- namespace: my-app\n  name: app\n  identity:\n"
        f"    resourceId: /subscriptions/{simulator.subscription_id}/resourceGroups/{GROUP}/providers/"
        "Microsoft.ManagedIdentity/userAssignedIdentities/app-identity\n"
    )
    return path


def states(result: Result) -> dict[str, str]:
    return {each["cluster"]: each["state"] for each in result.json}


def test_selected_clusters_changed_once(az: AzureCli, fleet: Simulator, file: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.md"
    drift = az(f"{APPLY.format(file)} --dry-run --fail-on-change --report {report}")
    assert drift.exit_code == 5
    assert states(drift) == {"prod-a": "WouldChange", "prod-b": "WouldChange", "prod-c": "WouldChange"}
    assert "```diff" in report.read_text("utf-8")
    assert fleet.requests.matching("PUT", CLUSTER_PATH) == []
    result = az(APPLY.format(file)).ok()
    assert states(result) == {"prod-a": "Changed", "prod-b": "Changed", "prod-c": "Changed"}
    assert "3 clusters: 3 changed." in result.stderr
    assert len(fleet.requests.matching("PUT", CLUSTER_PATH)) == 3
    again = az(f"{APPLY.format(file)} --dry-run --fail-on-change").ok()
    assert set(states(again).values()) == {"UpToDate"}


def test_missing_role_is_granted_without_write(az: AzureCli, fleet: Simulator, file: Path) -> None:
    az(APPLY.format(file)).ok()
    fleet.remove_role_assignments(file.read_text("utf-8").rpartition("resourceId: ")[2].strip())
    fleet.requests.clear()
    assert set(states(az(f"aks pod-identity apply --file {file}").ok()).values()) == {"UpToDate"}
    assert len(fleet.requests.matching("PUT", "roleAssignments")) == 3
    assert fleet.requests.matching("PUT", CLUSTER_PATH) == []


def test_failed_cluster_continued_by_next_run(az: AzureCli, fleet: Simulator, file: Path) -> None:
    fleet.faults.add(forbidden("PUT", "/managedClusters/prod-b$"))
    result = az(APPLY.format(file))
    assert result.exit_code == 4, result.stderr
    assert states(result) == {"prod-a": "Changed", "prod-b": "Failed", "prod-c": "Changed"}
    assert "Partial result: 3 clusters: 2 changed, 1 failed. To continue, run the same command again." in result.stderr
    fleet.requests.clear()
    assert states(az(APPLY.format(file)).ok()) == {"prod-a": "UpToDate", "prod-b": "Changed", "prod-c": "UpToDate"}
    assert len(fleet.requests.matching("PUT", CLUSTER_PATH)) == 1


def test_prune_asks_once(az: AzureCli, fleet: Simulator, file: Path) -> None:
    az(APPLY.format(file)).ok()
    empty = file.with_name("empty.yaml")
    empty.write_text("version: 1\nclusters: [{name: prod-a}, {name: prod-b}]\npodIdentities: []\n")
    refused = az(f"{APPLY.format(empty)} --prune").failed()
    assert "--prune removes 2 entries from 2 clusters: prod-" in refused
    assert states(az(f"{APPLY.format(empty)} --prune --yes").ok()) == {"prod-a": "Changed", "prod-b": "Changed"}


def test_interrupt_names_rest(az: AzureCli, fleet: Simulator, file: Path) -> None:
    fleet.scale = 1
    result = signal_at(
        az, fleet, f"{APPLY.format(file)} --parallel 1", "PUT", CLUSTER_PATH, signal.SIGINT, answer=False
    )
    assert result.exit_code in (1, 4)
    found = states(result)
    assert sorted(found.values()) == ["Interrupted", "NotStarted", "NotStarted"]
    (interrupted,) = [each for each in result.json if each["state"] == "Interrupted"]
    assert "may have been accepted" in interrupted["error"]
    assert interrupted["recommendation"].endswith("--updated --subscription " + fleet.subscription_id)


def test_files_without_selector(az: AzureCli, simulator: Simulator, file: Path) -> None:
    assert "None of 0 clusters matches the clusters of the manifest." in az(APPLY.format(file)).failed()
    file.write_text("version: 1\npodIdentities: []\n")
    assert "--resource-group/-g, --cluster-name" in az(APPLY.format(file)).failed()
    assert "--fail-on-change requires --dry-run." in az(f"{APPLY.format(file)} --fail-on-change").failed()
    assert simulator.requests.matching("GET", CLUSTER_PATH) == []


def test_ids_summary(az: AzureCli, fleet: Simulator, file: Path) -> None:
    ids = " ".join(each["id"] for each in az("aks pod-identity list-clusters --include-disabled").ok().json)
    az(f"{APPLY.format(file)} -g {GROUP} --cluster-name prod-a").ok()
    fleet.faults.add(forbidden("PUT", "/managedClusters/test$"))
    result = az(f"{APPLY.format(file)} --ids {ids}")
    assert "4 clusters: 2 changed, 1 already up to date, 1 failed." in result.stderr
    assert "1 cluster: " not in az(f"{APPLY.format(file)} -g {GROUP} --cluster-name prod-a").ok().stderr


def test_report_of_several_ids(az: AzureCli, fleet: Simulator, file: Path, tmp_path: Path) -> None:
    ids = " ".join(each["id"] for each in az("aks pod-identity list-clusters --include-disabled").ok().json)
    az(f"{APPLY.format(file)} -g {GROUP} --cluster-name prod-a").ok()
    fleet.faults.add(forbidden("PUT", "/managedClusters/test$"))
    report = tmp_path / "report.md"
    drift = az(f"{APPLY.format(file)} --ids {ids} --dry-run --fail-on-change --report {report}")
    assert drift.exit_code == 5
    text = report.read_text("utf-8")
    assert "4 clusters: 3 would change, 1 already up to date." in text
    assert text.count("```diff") == 1
    az(f"{APPLY.format(file)} --ids {ids} --report {report}")
    text = report.read_text("utf-8")
    assert "4 clusters: 2 changed, 1 already up to date, 1 failed." in text
    (row,) = [line for line in text.splitlines() if line.startswith("| test |")]
    assert "| Failed | 1 | 0 | 0 | 0 | " in row


@pytest.mark.parametrize("name", ["x" * 300, "", "no/such/folder.md", "\x1b[31m" + "x" * 300])
def test_unwritable_report(az: AzureCli, fleet: Simulator, file: Path, tmp_path: Path, name: str) -> None:
    on = f"{APPLY.format(file)} -g {GROUP} --cluster-name prod-a"
    failed = az(f"{on} --report {shlex.quote(str(tmp_path / name))}").failed()
    assert "report" in failed
    assert "\x1b[31m" not in failed
    assert fleet.requests.matching("GET", CLUSTER_PATH) == []


def test_report_on_full_disk(az: AzureCli, fleet: Simulator, file: Path) -> None:
    result = az(f"{APPLY.format(file)} --report /dev/full")
    assert result.exit_code == 1
    assert states(result) == {"prod-a": "Changed", "prod-b": "Changed", "prod-c": "Changed"}
    assert "The report '/dev/full' cannot be written: No space left on device." in result.stderr


def test_named_cluster_drift(az: AzureCli, fleet: Simulator, file: Path, tmp_path: Path) -> None:
    on = f"{APPLY.format(file)} -g {GROUP} --cluster-name prod-a"
    report = tmp_path / "report.md"
    drift = az(f"{on} --dry-run --fail-on-change -o yaml --report {report}")
    assert drift.exit_code == 5
    assert "The files differ from cluster 'prod-a' (--fail-on-change)." in drift.stderr
    assert drift.stdout.startswith("added:\n- after:")
    assert "+++ b/prod-a.yaml" in report.read_text("utf-8")
    az(on).ok()
    az(f"{on} --dry-run --fail-on-change").ok()
    assert len(fleet.requests.matching("PUT", CLUSTER_PATH)) == 1


def test_unmatched_selector_warns(az: AzureCli, fleet: Simulator, file: Path) -> None:
    text = file.read_text()
    file.write_text(text.replace("{name: prod-*}", "{name: prod-a}, {name: typo, tags: {team: x}}"))
    result = az(f"{APPLY.format(file)} --dry-run").ok()
    assert states(result) == {"prod-a": "WouldChange"}
    assert "No cluster matches this item of 'clusters': name: typo, tag team: x" in result.stderr
    file.write_text(text.replace("{name: prod-*}", "{name: typo}"))
    assert "None of 4 clusters matches the clusters of the manifest." in az(APPLY.format(file)).failed()


def test_unreadable_subscription_is_partial(az: AzureCli, fleet: Simulator, file: Path) -> None:
    fleet.faults.add(forbidden("POST", "/Microsoft.ResourceGraph/resources$"))
    fleet.faults.add(forbidden("GET", f"{fleet.second_subscription_id}.*/managedClusters$"))
    result = az(APPLY.format(file))
    assert result.exit_code == 4
    assert states(result) == {"prod-a": "Changed", "prod-c": "Changed"}
    assert "Partial result: 1 subscription cannot be read." in result.stderr


def test_table_of_equal_names_and_long_errors(az: AzureCli, fleet: Simulator, file: Path) -> None:
    fleet.seed.cluster("other-group", "prod-a")
    fleet.faults.add(forbidden("PUT", "/managedClusters/prod-b$"))
    shown = az(f"{APPLY.format(file)} -o table").stdout
    assert "(other-group)" in shown
    assert f"({GROUP})" in shown
    assert max(map(len, shown.splitlines())) <= 160
