# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity check --repair`: safe fixes in at most one write of the cluster."""

from __future__ import annotations

import time

from azure_simulator import Durations, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import entries, exceptions, is_bound, pod_exception, recreate, seed_entries
from tests.support.forked_az import ForkedAz

CHECK = f"aks pod-identity check {ON_CLUSTER}"


def writes(simulator: Simulator) -> list[str]:
    """What was sent that changes something."""
    return [each.method for each in simulator.requests.all() if each.method != "GET"]


def test_repair_in_one_write(each_az: AzureCli, simulator: Simulator) -> None:
    labels = [pod_exception("old", None), pod_exception("kept", {"app": "x"})]
    identities = seed_entries(simulator, "one", "two", "no-role", "healthy", exceptions=labels)
    new = {name: recreate(simulator, identities[name]) for name in ("one", "two")}
    simulator.remove_role_assignments(identities["no-role"]["id"])
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")

    result = each_az(f"{CHECK} --repair --yes").ok()

    assert {each["severity"] for each in result.json} <= {"warning", "info"}
    assert len(simulator.requests.matching("PUT", CLUSTER_PATH)) == 1
    assert simulator.requests.matching("DELETE") == []
    assert list(entries(simulator)) == ["one", "two", "no-role", "healthy"]
    assert all(is_bound(simulator, new[name], name) for name in new)
    assert exceptions(simulator)["old"]["podLabels"] == {}
    assert exceptions(simulator)["kept"]["podLabels"] == {"app": "x"}
    assert "--force" in result.stderr


def test_repair_waits_for_registration(az: ForkedAz, simulator: Simulator, simulated_time: SharedClock) -> None:
    seed_entries(simulator, "app")
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
    simulator.durations = Durations(feature_registration=300)
    before, started = simulated_time.now(), time.monotonic()

    result = az(f"{CHECK} --repair --yes").ok()

    assert [each["check"] for each in result.json] == ["deprecation"]
    assert 300 <= simulated_time.now() - before < 1.4 * 300
    assert time.monotonic() - started < 60


def test_repair_registration_timeout(az: ForkedAz, simulator: Simulator, simulated_time: SharedClock) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")
    simulator.durations = Durations(feature_registration=1e9)
    before = simulated_time.now()

    message = az(f"{CHECK} --repair --yes").failed()

    assert "The preview feature is still being registered." in message
    assert "az feature show" in message
    assert 1800 <= simulated_time.now() - before < 1900
    assert simulator.requests.matching("PUT", CLUSTER_PATH) == []


def test_repair_role_without_cluster_write(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_role_assignments(identity["id"])

    assert [each["check"] for each in az(f"{CHECK} --repair --yes").ok().json] == ["deprecation"]

    assert simulator.requests.matching("PUT", CLUSTER_PATH) == []
    assert len(simulator.requests.matching("PUT", "/roleAssignments/")) == 1


def test_repair_dry_run_or_without_consent(az: AzureCli, simulator: Simulator) -> None:
    recreate(simulator, seed_entries(simulator, "app")["app"])

    (finding,) = az(f"{CHECK} --repair --dry-run").ok().json
    assert finding["check"] == "managed-identity-recreated"
    assert "--force" in finding["command"]

    message = az(f"{CHECK} --repair").failed()
    assert finding["command"] in message
    assert "--yes" in message
    assert writes(simulator) == []


def test_repair_skips_decisions(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(identity["id"])

    result = az(f"{CHECK} --repair --yes").ok()

    assert "None of the findings can be repaired" in result.stderr
    assert [each["check"] for each in result.json] == ["managed-identity-missing", "deprecation"]
    assert writes(simulator) == []
    assert GROUP in identity["id"]


def test_repair_incompatible_options(az: AzureCli) -> None:
    assert "--dry-run requires --repair" in az(f"{CHECK} --dry-run").failed()
    assert "cannot be used together" in az(f"{CHECK} --repair --pod a/b").failed()
