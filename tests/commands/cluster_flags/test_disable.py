# SPDX-License-Identifier: MIT

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, ON_CLUSTER, AzureCli, commands_in
from tests.support.terminal import answered

DISABLE = f"aks update --resource-group {GROUP} --name {CLUSTER} --disable-pod-identity"


@pytest.fixture
def with_entries(simulator: Simulator, identity: dict[str, Any]) -> dict[str, Any]:
    """A cluster with a pod identity and an exception."""
    properties = identity["properties"]
    bound = {
        "resourceId": identity["id"],
        "clientId": properties["clientId"],
        "objectId": properties["principalId"],
    }
    profile = {
        "enabled": True,
        "userAssignedIdentities": [{"namespace": "my-app", "name": "my-pod", "identity": bound}],
        "userAssignedIdentityExceptions": [{"namespace": "my-app", "name": "my-exception", "podLabels": {"app": "x"}}],
    }
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile)
    simulator.seed.role_assignment(identity["id"], cluster["identity"]["principalId"])
    return cluster


def assert_disabled(simulator: Simulator) -> None:
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.body["properties"]["podIdentityProfile"] == {"enabled": False}
    assert not simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]


def test_disable_without_entries(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)

    result = each_az(DISABLE).ok()

    assert result.warnings == []
    assert_disabled(simulator)


def test_disable_without_terminal_prints_manifest(
    each_az: AzureCli, simulator: Simulator, with_entries: dict[str, Any], tmp_path: Path
) -> None:
    before = with_entries["properties"]["podIdentityProfile"]

    message = each_az(DISABLE).ok().stderr

    assert_disabled(simulator)
    assert "--yes" in message
    file = tmp_path / "entries.yaml"
    file.write_text(message[message.index("version: 1") :])
    (enable,) = commands_in(message[: message.index("version: 1")])
    each_az(enable.removeprefix("az ")).ok()
    each_az(f"aks pod-identity apply {ON_CLUSTER} --file {file}").ok()
    after = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]
    for entries in ("userAssignedIdentities", "userAssignedIdentityExceptions"):
        assert [each["name"] for each in after[entries]] == [each["name"] for each in before[entries]]


def test_disable_yes(each_az: AzureCli, simulator: Simulator, with_entries: dict[str, Any]) -> None:
    assert each_az(f"{DISABLE} --yes").ok().warnings == []

    assert_disabled(simulator)


@pytest.mark.parametrize(("answer", "disabled"), [("y", True), ("n", False), ("", False)])
def test_disable_at_terminal(
    az: AzureCli, simulator: Simulator, with_entries: dict[str, Any], answer: str, disabled: bool
) -> None:
    answered(az, DISABLE, answer, "my-app/my-pod", "my-app/my-exception")

    if disabled:
        assert_disabled(simulator)
    else:
        assert not simulator.requests.matching("PUT")


def test_disable_with_other_flags(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER)

    az(f"{DISABLE} --tags team=shop").ok()

    assert_disabled(simulator)
    assert simulator.cluster(GROUP, CLUSTER)["tags"] == {"team": "shop"}
