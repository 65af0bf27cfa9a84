"""What a person at a terminal sees while a command waits."""

from __future__ import annotations

import os
import re
from typing import Any

from azure_simulator import Simulator
from tests.support.azure_cli import POD_IDENTITY, AzureCli
from tests.support.cluster_state import busy_when_read, seed_entries, takes

DELETE = f"aks pod-identity delete {POD_IDENTITY} --name app --output none"


def seen(az: AzureCli, command: str) -> str:
    """What the command, which must succeed, writes to standard error where that is a terminal."""
    ours, terminal = os.openpty()
    process = az.start(command, stderr=terminal)
    os.close(terminal)
    written = b""
    try:
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # how Linux says that nobody has the terminal open any more
        pass
    finally:
        os.close(ours)
    assert process.wait(30) == 0, written
    return re.sub(r"\x1b\[K", "", written.decode())


def test_waiting_for_another_operation_is_said(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator)
    busy_when_read(simulator, 1.5)

    assert "Waiting for another operation on cluster (Updating)" in seen(az, DELETE)


def test_the_stage_of_the_operation_is_shown(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.5)

    shown = seen(az, DELETE)

    assert "in progress" in shown
    assert "reconciling addons" in shown


def test_waiting_for_the_role_is_said(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    takes(simulator, role_propagation=2.2)

    shown = seen(az, f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']} --output none")

    waiting = [line for line in re.split(r"[\r\n]+", shown) if "Waiting" in line]
    assert any("role" in line.lower() for line in waiting), shown


def test_without_a_terminal_each_stage_that_lasts_is_one_line(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=7.0)
    simulator.settings.stages = False

    stage, role = az(DELETE).ok().warnings

    assert stage == "Changing cluster cluster: in progress"
    assert "keeps its role" in role


def test_only_show_errors_shows_no_progress(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app")
    takes(simulator, pod_identity=1.2)
    busy_when_read(simulator, 1.0)

    assert seen(az, f"{DELETE} --only-show-errors") == ""
