# SPDX-License-Identifier: MIT
"""Test `az aks pod-identity apply` with up to 200 entries: numbers of reads and writes, grants, progress."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER_PATH, GROUP, ROLE_PATH, AzureCli, commands_in, sent
from tests.support.cluster_state import entries, principal_id, takes
from tests.support.entry_files import APPLY, Wire, binding, names, write
from tests.support.faults import FORBIDDEN, forbidden
from tests.support.terminal import shown_at_terminal

LISTS = {
    "identities": r"/userAssignedIdentities$",
    "roles": r"^/subscriptions/[^/]+/providers/Microsoft.Authorization/roleAssignments$",
}


def seed(simulator: Simulator, count: int) -> list[Wire]:
    """So many managed identities, over which nobody has a role."""
    return [simulator.seed.managed_identity(GROUP, f"app-{number:03}") for number in range(count)]


def are_assigned(simulator: Simulator, identities: list[Wire]) -> bool:
    """Whether the cluster has a pod identity for each of them and for no other, all in the state Assigned."""
    assigned = {name for name, entry in entries(simulator).items() if entry["provisioningState"] == "Assigned"}
    return assigned == entries(simulator).keys() == {each["name"] for each in identities}


def before_the_write(simulator: Simulator) -> list[str]:
    """What was sent before the cluster was written, which was once."""
    requests = sent(simulator)
    assert requests.count("PUT managedClusters") == 1
    return requests[: requests.index("PUT managedClusters")]


@pytest.mark.parametrize("at", ["each identity", "the group"])
def test_two_hundred_entries_with_roles(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path, at: str
) -> None:
    identities = seed(simulator, 200)
    scopes = [each["id"] for each in identities] if at == "each identity" else [cluster["id"].split("/providers/")[0]]
    for scope in scopes:
        simulator.seed.role_assignment(scope, principal_id(cluster))
    command = f"{APPLY} --file {write(tmp_path, map(binding, identities))}"

    assert len(names(az(command))["added"]) == 200

    assert are_assigned(simulator, identities)
    assert len(before_the_write(simulator)) <= 12
    simulator.requests.clear()
    assert len(names(az(command))["unchanged"]) == 200
    assert len(sent(simulator)) <= 12
    assert not simulator.requests.matching("PUT")


def test_sixty_entries_without_roles(each_az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    identities = seed(simulator, 60)

    each_az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").ok()

    assert are_assigned(simulator, identities)
    before = before_the_write(simulator)
    assert before.count("PUT roleAssignments") == 60
    assert len(before) <= 12 + 60


@pytest.mark.parametrize("refused", LISTS)
@pytest.mark.parametrize("granted", [0, 10])
def test_list_forbidden_falls_back_to_single_reads(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path, refused: str, granted: int
) -> None:
    identities = seed(simulator, 20)
    for each in identities[:granted]:
        simulator.seed.role_assignment(each["id"], principal_id(cluster))
    simulator.faults.add(forbidden("GET", LISTS[refused], times=99))

    result = az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").ok()

    assert are_assigned(simulator, identities)
    assert before_the_write(simulator).count("PUT roleAssignments") == 20 - granted
    assert FORBIDDEN not in result.stderr


def test_identities_of_several_groups_and_subscriptions(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path
) -> None:
    subscriptions = (simulator.subscription_id, simulator.second_subscription_id)
    identities = []
    for number in range(40):
        place = (f"group-{number % 6}", f"app-{number:03}", subscriptions[number % 2])
        identities.append(simulator.seed.managed_identity(*place))
        simulator.seed.role_assignment(identities[-1]["id"], principal_id(cluster))

    az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").ok()

    assert are_assigned(simulator, identities)
    assert len(before_the_write(simulator)) <= 12


def test_throttled_grants_retried(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    identities = seed(simulator, 12)
    simulator.faults.add(Fault("PUT", ROLE_PATH, times=3, status=429, headers={"Retry-After": "1"}))

    az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").ok()

    assert are_assigned(simulator, identities)
    assert [put.status for put in simulator.requests.matching("PUT", ROLE_PATH)].count(429) == 3


def test_propagation_awaited_once(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    takes(simulator, role_propagation=2.0)
    identities = seed(simulator, 30)

    az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").ok()

    assert are_assigned(simulator, identities)
    writes = [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)]
    assert writes == [400] * (len(writes) - 1) + [200]
    assert len(writes) <= 5
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) == 30


def test_grants_forbidden_prints_all_commands(
    az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path
) -> None:
    identities = seed(simulator, 30)
    simulator.faults.add(forbidden("PUT", ROLE_PATH, times=99))

    message = az(f"{APPLY} --file {write(tmp_path, map(binding, identities))}").failed()

    assert FORBIDDEN in message
    assert {command.split("--scope ")[1] for command in commands_in(message)} == {each["id"] for each in identities}
    assert len(simulator.requests.matching("PUT", ROLE_PATH)) < 30
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)


def test_progress_counts_at_terminal(az: AzureCli, simulator: Simulator, cluster: Wire, tmp_path: Path) -> None:
    identities = seed(simulator, 40)
    simulator.settings.azure_cli_latency = 0.1
    command = f"{APPLY} --file {write(tmp_path, map(binding, identities))} --output none"

    shown = shown_at_terminal(az, command)

    assert "Reading managed identities" in shown
    assert re.search(r"Granting the cluster identity its roles: \d+ of 40", shown)
    assert shown_at_terminal(az, f"{command} --only-show-errors") == ""
