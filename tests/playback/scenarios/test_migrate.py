# SPDX-License-Identifier: MIT
"""Migration off the add-on: plan, approve, status, finish and undo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.playback.scenario import Scenario
from tests.support.workload_manifests import USE, codes, live, pod_of, service_account, workload, write

IN_APP = "--namespace my-app"


@pytest.fixture
def bound(scenario: Scenario) -> str:
    """Return the managed identity of `app`, the only pod identity of the scenario's cluster."""
    scenario.create_cluster()
    identity = scenario.create_identity("app-identity")
    scenario.pod_identity(f"add {IN_APP} --name app --identity-resource-id {identity}").ok()
    return identity


@pytest.fixture
def manifests(tmp_path: Path) -> Path:
    """Return manifests of two labelled workloads with separate service accounts, and an unlabelled one."""
    return write(
        tmp_path / "manifests" / "app.yaml",
        workload("web", "app", account="web"),
        workload("job", "app", "CronJob", account="job"),
        service_account("web"),
        workload("unlabelled", None),
    )


def moved(folder: Path, client_id: str) -> Path:
    """Return the workloads as kubectl prints them after the files in the folder are applied."""
    assert yaml.safe_load((folder / "kustomization.yaml").read_text("utf-8"))["resources"]
    workloads = [workload("web", None, account="web"), workload("job", None, "CronJob", account="job")]
    for each in workloads:
        pod_of(each)["metadata"]["labels"][USE] = "true"
    accounts = [service_account(name, client_id) for name in ("web", "job")]
    path = folder / "moved.json"
    path.write_text(json.dumps(live(*workloads, *accounts)), "utf-8")
    return path


def states(listed: list[dict[str, Any]]) -> set[str]:
    """Return the states in the list."""
    return {each["state"] for each in listed}


def test_migrate_and_finish(scenario: Scenario, bound: str, manifests: Path, tmp_path: Path) -> None:
    scenario.pod_identity(f"exception add {IN_APP} --name agents --pod-labels app=agent").ok()
    folder = tmp_path / "workload-identity"
    client_id = scenario.az(f"identity show --ids {bound}").ok().json["clientId"]

    plan = scenario.pod_identity(f"migrate --workloads {manifests}").ok().json
    assert [each["state"] for each in plan["features"]] == ["ToEnable", "ToEnable"]
    assert states(plan["credentials"]) == {"Pending"}
    approve = f"migrate --workloads {manifests} --approve --yes --output-dir {folder}"
    approved = scenario.pod_identity(approve).ok()
    assert states(approved.json["credentials"]) == {"Created"}
    assert f"sh {folder}/apply.sh" in approved.stderr
    assert states(scenario.pod_identity(approve).ok().json["credentials"]) == {"Exists"}

    early = scenario.pod_identity(f"migrate --workloads {manifests} --finish --yes").failed()
    assert "Only manifests were read" in early
    workloads = f"--workloads {moved(folder, client_id)}"
    status = scenario.pod_identity(f"migrate {workloads} --status").ok().json
    assert states(status) == {"Ready"}
    table = scenario.pod_identity(f"migrate {workloads} --status --output table").ok().stdout
    assert "Ready" in table
    ended = scenario.pod_identity(f"migrate {workloads} --finish --yes").ok()
    finished = ended.json

    assert finished["removedPodIdentities"] == ["my-app/app"]
    assert finished["removedExceptions"] == ["my-app/agents"]
    assert finished["addOnDisabled"] is True
    # The role was granted recently, so another command may rely on it.
    assert "less than 10 minutes old" in ended.stderr
    assert len(scenario.az(f"role assignment list --scope {bound} --fill-principal-name false").ok().json) == 1
    scenario.az(f"role assignment delete --scope {bound} --role 'Managed Identity Operator' --yes").ok()
    assert scenario.pod_identity(f"migrate {workloads} --finish --yes").ok().json["removedPodIdentities"] == []


def test_undo_migration(scenario: Scenario, bound: str, manifests: Path) -> None:
    scenario.pod_identity(f"migrate --workloads {manifests} --approve --yes").ok()
    assert "--yes" in scenario.pod_identity("migrate --undo").failed()

    removed = scenario.pod_identity("migrate --undo --yes --output table").ok().stdout

    assert removed.count("credential") == 2
    left = scenario.az("identity federated-credential list --resource-group {group} --identity-name app-identity")
    assert left.ok().json == []
    assert scenario.pod_identity("migrate --undo").ok().json["removedCredentials"] == []
    assert scenario.pod_identity("list").ok().json["podIdentityProfile"]["userAssignedIdentities"]


def test_migrate_to_identity_bindings(scenario: Scenario, bound: str, manifests: Path, tmp_path: Path) -> None:
    options = f"migrate --workloads {manifests} --target identity-binding --identities app-identity"

    plan = scenario.pod_identity(options).ok().json
    assert states(plan["identityBindings"]) == {"Pending"}
    assert plan["credentials"] == []
    approved = scenario.pod_identity(f"{options} --approve --yes --output-dir {tmp_path / 'out'}").ok()
    assert states(approved.json["identityBindings"]) == {"Created"}
    assert "identity-binding-roles.yaml" in str(approved.json["files"])
    listed = scenario.az("aks identity-binding list --resource-group {group} --cluster-name {cluster}").ok().json
    assert [each["properties"]["managedIdentity"]["resourceId"] for each in listed] == [bound]
    assert "identity binding" in scenario.pod_identity("migrate --undo --yes --output table").ok().stdout
    assert scenario.pod_identity("migrate --undo").ok().json["removedIdentityBindings"] == []


def test_workloads_with_open_decisions_are_skipped(scenario: Scenario, bound: str, tmp_path: Path) -> None:
    undecided = [workload("default", "app"), workload("lost", "nobody", account="lost")]
    path = write(tmp_path / "app.yaml", *undecided)

    result = scenario.pod_identity(f"migrate --workloads {path} --approve --yes --output-dir {tmp_path / 'out'}").ok()
    table = scenario.pod_identity(f"migrate --workloads {path} --output table").ok().stdout

    assert set(codes(result.json)) >= {"DefaultServiceAccount", "NoIdentity"}
    assert "skipped" in result.stderr
    assert "Nothing to write" in result.stderr
    assert table.count("ActionRequired") == 2


@pytest.mark.simulated_only("live clusters run no workloads of ours")
def test_migrate_with_run_command(scenario: Scenario, bound: str) -> None:
    if scenario.simulator:
        printed = json.dumps(live(workload("web", "app", account="web")), indent=1)
        scenario.simulator.settings.run_command = lambda _: (0, printed)
    options = "--run-command --approve --yes --output table"

    table = scenario.pod_identity(f"migrate {options}").ok().stdout

    assert "Created:" in table
    assert "Deployment my-app/web" in table
