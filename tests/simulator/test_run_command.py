# SPDX-License-Identifier: MIT
"""Commands run inside a cluster."""

from __future__ import annotations

from typing import Any

from azure_simulator import Simulator
from azure_simulator.resources.containerservice.run_command import MAXIMUM_LOGS
from tests.support.arm import Arm


def run(arm: Arm, body: dict[str, Any]) -> tuple[int, str]:
    answer = arm.send("POST", f"{arm.cluster_path()}/runCommand", body)
    return answer.status_code, answer.headers.get("location", "")


def test_command_result_after_running(arm: Arm, simulator: Simulator, cluster: dict[str, Any]) -> None:
    simulator.settings.run_command = lambda command: (3, f"ran {command}")
    status, location = run(arm, {"command": "kubectl get pods"})
    assert status == 202
    running = arm.get(location)
    assert (running.status_code, running.json()["properties"]["provisioningState"]) == (202, "Running")
    arm.settle()
    done = arm.get(location)
    properties = done.json()["properties"]
    assert (done.status_code, properties["provisioningState"]) == (200, "Succeeded")
    assert (properties["exitCode"], properties["logs"]) == (3, "ran kubectl get pods")


def test_long_output_is_truncated(arm: Arm, simulator: Simulator, cluster: dict[str, Any]) -> None:
    simulator.settings.run_command = lambda _: (0, "x" * (MAXIMUM_LOGS + 1))
    _, location = run(arm, {"command": "kubectl get pods"})
    arm.settle()
    assert len(arm.get(location).json()["properties"]["logs"]) == MAXIMUM_LOGS


def test_invalid_commands(arm: Arm, simulator: Simulator, cluster: dict[str, Any]) -> None:
    assert run(arm, {})[0] == 400
    _, location = run(arm, {"command": "helm list"})
    arm.settle()
    assert arm.get(location).json()["properties"]["exitCode"] == 127
    assert arm.get(f"{arm.cluster_path()}/commandResults/unknown").status_code == 404
    assert arm.send("POST", f"{arm.cluster_path('absent')}/runCommand", {"command": "x"}).status_code == 404
