# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity apply --prune`, which removes entries that the files lack, after consent."""

from __future__ import annotations

from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, exceptions, pod_exception, principal_id, seed_entries
from tests.support.entry_files import APPLY, Wire, binding, names, text_of, write
from tests.support.terminal import answered

SERVICE = pod_exception("aks-addon-exception", {"kubernetes.azure.com/managedby": "aks"}, "kube-system")


@pytest.fixture
def file(simulator: Simulator, tmp_path: Path) -> Path:
    """A file that has one of the two pod identities of the cluster, and not its exception."""
    identities = seed_entries(simulator, "app", "old", exceptions=[pod_exception("agents", {"app": "x"}), SERVICE])
    return write(tmp_path, [binding(identities["app"])])


def test_apply_without_prune(az: AzureCli, simulator: Simulator, file: Path) -> None:
    assert names(az(f"{APPLY} --file {file}")) == {"unchanged": ["app", "old", "aks-addon-exception", "agents"]}
    assert not simulator.requests.matching("PUT")


def test_prune_yes_keeps_service_exception(each_az: AzureCli, simulator: Simulator, file: Path) -> None:
    result = each_az(f"{APPLY} --file {file} --prune --yes")

    assert names(result) == {"removed": ["old", "agents"], "unchanged": ["app", "aks-addon-exception"]}
    assert set(entries(simulator)) == {"app"}
    assert set(exceptions(simulator)) == {"aks-addon-exception"}
    assert sent(simulator).count("PUT managedClusters") == 1
    assert any("keeps its role over" in warning and "/old'" in warning for warning in result.warnings)
    (kept,) = result.json["roleAssignments"]
    assert (kept["scope"].rpartition("/")[2], kept["state"]) == ("old", "Kept")
    assert kept["reason"]
    assert commands_in(kept["command"]) == [kept["command"]]


def test_prune_without_terminal_refused(az: AzureCli, simulator: Simulator, file: Path) -> None:
    message = az(f"{APPLY} --file {file} --prune").failed()

    assert "- pod identity my-app/old" in message
    assert "- pod identity exception my-app/agents" in message
    assert "aks-addon-exception" not in message
    assert "Pass --yes" in message
    assert not simulator.requests.matching("PUT")


@pytest.mark.parametrize(("answer", "left"), [("y", {"app"}), ("", {"app", "old"})])
def test_prune_at_terminal(az: AzureCli, simulator: Simulator, file: Path, answer: str, left: set[str]) -> None:
    answered(az, f"{APPLY} --file {file} --prune --output none", answer, "my-app/old", "my-app/agents")

    assert set(entries(simulator)) == left
    assert bool(simulator.requests.matching("PUT")) == (answer == "y")


def test_prune_nothing_to_remove(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    identity = seed_entries(simulator, "app", exceptions=[SERVICE])["app"]
    new = simulator.seed.managed_identity(GROUP, "new")

    result = az(f"{APPLY} --file {write(tmp_path, [binding(identity), binding(new)])} --prune")

    assert names(result)["added"] == ["new"]


def test_prune_stdin_without_yes(az: AzureCli, simulator: Simulator, cluster: Wire) -> None:
    message = az(f"{APPLY} --file - --prune", text_of()).failed()

    assert "Pass --yes" in message
    assert simulator.requests.all() == []
    az(f"{APPLY} --file - --prune --yes", text_of()).ok()
    az(f"{APPLY} --file - --prune --dry-run", text_of()).ok()


def test_prune_grants_lost_role(az: AzureCli, simulator: Simulator, file: Path) -> None:
    old = entries(simulator)["old"]["identity"]["resourceId"]
    simulator.remove_role_assignments(old, principal_id(simulator.cluster(GROUP, CLUSTER)))

    az(f"{APPLY} --file {file} --prune --yes").ok()

    assert set(entries(simulator)) == {"app"}


def test_prune_failed_entry(az: AzureCli, simulator: Simulator, file: Path) -> None:
    simulator.faults.fail_operation("AddonTrouble", "The add-on could not be reconciled.")
    az(f"{APPLY} --file {file} --prune --yes").failed()
    assert entries(simulator)["old"]["provisioningState"] == "Failed"

    az(f"{APPLY} --file {file} --prune --yes").ok()

    assert set(entries(simulator)) == {"app"}
