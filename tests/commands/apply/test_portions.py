# SPDX-License-Identifier: MIT
"""`apply` of more managed identities than Azure accepts in one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER_PATH, GROUP, OPERATION_PATH, POD_IDENTITY, ROLE_PATH, AzureCli, kill_at
from tests.support.cluster_state import entries, principal_id
from tests.support.entry_files import APPLY, Wire, binding, names, write

LIMIT = 5
NAMES = [f"app-{number:02}" for number in range(12)]


@pytest.fixture
def command(simulator: Simulator, cluster: Wire, tmp_path: Path) -> str:
    """Apply 12 new pod identities where one request may add 5."""
    simulator.settings.assign_limit = LIMIT
    identities = [simulator.seed.managed_identity(GROUP, name) for name in NAMES]
    for identity in identities:
        simulator.seed.role_assignment(identity["id"], principal_id(cluster))
    return f"{APPLY} --file {write(tmp_path, map(binding, identities))}"


def sizes(simulator: Simulator) -> list[tuple[int | None, int]]:
    """Status and number of pod identities of each cluster write, in order."""
    return [
        (put.status, len(put.body["properties"]["podIdentityProfile"]["userAssignedIdentities"]))
        for put in simulator.requests.matching("PUT", CLUSTER_PATH)
    ]


def assigned(simulator: Simulator) -> list[str]:
    return sorted(name for name, entry in entries(simulator).items() if entry["provisioningState"] == "Assigned")


def test_list_in_portions(each_az: AzureCli, simulator: Simulator, command: str) -> None:
    result = each_az(command)

    assert names(result)["added"] == NAMES
    assert assigned(simulator) == NAMES
    assert sizes(simulator) == [(400, 12), (200, 5), (200, 10), (200, 12)]
    lines = [warning for warning in result.warnings if "managed identities" in warning]
    assert lines == [
        "Azure accepts 5 managed identities in one request, so they are added in portions.",
        "Adding 5 of 12 managed identities. The rest follows.",
        "Adding 5 of 7 managed identities. The rest follows.",
    ]


@pytest.mark.parametrize(
    ("method", "path", "skip", "added", "writes"),
    [
        ("GET", OPERATION_PATH, 0, 5, [(400, 12), (200, 10), (200, 12)]),
        ("PUT", CLUSTER_PATH, 2, 10, [(200, 12)]),
        ("GET", OPERATION_PATH, 1, 10, [(200, 12)]),
    ],
    ids=["following the first portion", "writing the second portion", "following the second portion"],
)
def test_kill_between_portions(
    az: AzureCli,
    simulator: Simulator,
    command: str,
    method: str,
    path: str,
    skip: int,
    added: int,
    writes: list[tuple[int, int]],
) -> None:
    kill_at(az, simulator, command, method, path, skip=skip)
    assert assigned(simulator) == NAMES[:added]
    simulator.requests.clear()

    assert names(az(command)) == {"added": NAMES[added:], "unchanged": NAMES[:added]}

    assert assigned(simulator) == NAMES
    assert sizes(simulator) == writes


def test_roles_are_granted_once(az: AzureCli, simulator: Simulator, command: str) -> None:
    for name in NAMES:
        simulator.remove_role_assignments(simulator.seed.managed_identity(GROUP, name)["id"])

    az(command).ok()

    assert assigned(simulator) == NAMES
    grants = [grant.path for grant in simulator.requests.matching("PUT", ROLE_PATH)]
    assert len(grants) == len(set(grants)) == len(NAMES)


def test_no_wait_adds_first_portion(az: AzureCli, simulator: Simulator, cluster: Wire) -> None:
    simulator.settings.assign_limit = 2
    ids = " ".join(simulator.seed.managed_identity(GROUP, name)["id"] for name in NAMES[:3])
    add = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {ids}"

    result = az(f"{add} --no-wait").ok()

    assert "Adding 2 of 3 managed identities. Run the command again to add the rest." in result.warnings
    az(add).ok()
    assert assigned(simulator) == NAMES[:3]
