# SPDX-License-Identifier: MIT
"""Test responses that are valid HTTP but have invalid content."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from azure_simulator.shared_clock import SharedClock
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, OPERATION_PATH, POD_IDENTITY, AzureCli
from tests.support.cluster_state import entries, pod_exception, seed_entries

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app"
FULL = Path("/dev/full")


@pytest.mark.parametrize("value", ["soon", "-5", "1e400", "99999999", "nan"])
def test_invalid_retry_after_of_operation(
    az: AzureCli, simulator: Simulator, simulated_time: SharedClock, value: str
) -> None:
    seed_entries(simulator, "app")
    simulator.faults.add(
        Fault("GET", OPERATION_PATH, status=200, headers={"Retry-After": value}, body={"status": "InProgress"})
    )

    started = simulated_time.now()

    az(DELETE).ok()

    assert simulated_time.now() - started < 600
    assert not entries(simulator)


@pytest.mark.parametrize("names", [("userAssignedIdentities",), ("userAssignedIdentityExceptions",)])
def test_null_as_empty_list(az: AzureCli, simulator: Simulator, names: tuple[str, ...]) -> None:
    seed_entries(simulator, "app")
    body: dict[str, Any] = simulator.cluster(GROUP, CLUSTER)
    profile = {**body["properties"]["podIdentityProfile"], **dict.fromkeys(names)}
    nulls = {**body, "properties": {**body["properties"], "podIdentityProfile": profile, "agentPoolProfiles": None}}
    simulator.faults.add(Fault("GET", CLUSTER_PATH, times=9, status=200, body=nulls))

    for command in ("list", "list --output table", "export", "check"):
        az(f"aks pod-identity {command} {ON_CLUSTER}").ok()


@pytest.mark.parametrize("command", [f"list {ON_CLUSTER}", f"check {ON_CLUSTER}", f"delete {POD_IDENTITY} --name app"])
def test_html_page_with_status_200(az: AzureCli, simulator: Simulator, command: str) -> None:
    seed_entries(simulator, "app")
    simulator.faults.add(Fault("GET", CLUSTER_PATH, times=9, status=200, body="<html><body>Sign in</body></html>"))

    message = az(f"aks pod-identity {command}").failed()

    assert "page" in message or "JSON" in message


def test_null_elements_of_lists(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "x"})])
    body: dict[str, Any] = simulator.cluster(GROUP, CLUSTER)
    profile = body["properties"]["podIdentityProfile"]
    for name in ("userAssignedIdentities", "userAssignedIdentityExceptions"):
        profile[name] = [None, *profile[name], None]
    simulator.faults.add(Fault("GET", CLUSTER_PATH, times=99, status=200, body=body))

    for command in ("list", "list --output table", "export", "check", "show --namespace my-app --name app"):
        az(f"aks pod-identity {command} {ON_CLUSTER}").ok()
    az(f"aks pod-identity exception update {POD_IDENTITY} --name agents --pod-labels app=y --no-wait").ok()
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    (changed,) = filter(None, put.body["properties"]["podIdentityProfile"]["userAssignedIdentityExceptions"])
    assert changed["podLabels"] == {"app": "y"}


@pytest.mark.parametrize("body", ["", "null", "[]", '"text"', '{"value": null}', '{"value": [null]}', {}])
@pytest.mark.parametrize(
    ("method", "path", "command"),
    [
        ("GET", CLUSTER_PATH, f"check {ON_CLUSTER}"),
        ("PUT", CLUSTER_PATH, f"delete {POD_IDENTITY} --name app"),
        ("GET", r"/userAssignedIdentities/", f"check {ON_CLUSTER}"),
        ("GET", r"/roleAssignments", f"check {ON_CLUSTER}"),
        ("GET", r"/features/", f"check {ON_CLUSTER}"),
        ("GET", r"/providers/Microsoft.ContainerService$", f"check {ON_CLUSTER}"),
        ("GET", r"/managedClusters$", f"delete {POD_IDENTITY} --name app --delete-role-assignment --yes"),
        ("POST", r"ResourceGraph", "list-clusters"),
    ],
)
def test_success_without_resource(
    az: AzureCli, simulator: Simulator, method: str, path: str, command: str, body: Any
) -> None:
    seed_entries(simulator, "app")
    simulator.faults.add(Fault(method, path, times=99, status=200, body=body))

    result = az(f"aks pod-identity {command}")

    assert "Traceback" not in result.stderr
    assert "unexpected error" not in result.stderr
