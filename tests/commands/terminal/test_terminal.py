# SPDX-License-Identifier: MIT
"""Test the progress that a terminal shows while a command waits."""

from __future__ import annotations

import re
from typing import Any

from azure_simulator import Simulator
from tests.support.azure_cli import POD_IDENTITY, AzureCli
from tests.support.cluster_state import busy_when_read, seed_entries, takes
from tests.support.terminal import shown_at_terminal

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app --output none"


def test_progress_waiting_for_other_operation(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator)
    busy_when_read(simulator, 1.5)

    assert "Waiting for another operation on cluster (Updating)" in shown_at_terminal(az, DELETE)


def test_progress_operation_stage(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.5)

    shown = shown_at_terminal(az, DELETE)

    assert "in progress" in shown
    assert "reconciling addons" in shown
    assert max(len(frame) for frame in shown.split("\r") if frame.endswith("..")) <= 80


def test_progress_waiting_for_role(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    takes(simulator, role_propagation=2.2)

    shown = shown_at_terminal(
        az, f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']} --output none"
    )

    waiting = [line for line in re.split(r"[\r\n]+", shown) if "Waiting" in line]
    assert any("role" in line.lower() for line in waiting), shown


def test_verbose_stage_without_terminal(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=7.0)
    simulator.settings.stages = False

    result = az(f"{DELETE} --verbose").ok()

    (role,) = result.warnings
    assert "INFO: Changing cluster cluster: in progress\n" in result.stderr
    assert "keeps its role" in role


def test_only_show_errors_hides_progress(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.2)
    busy_when_read(simulator, 1.0)

    assert shown_at_terminal(az, f"{DELETE} --only-show-errors") == ""
