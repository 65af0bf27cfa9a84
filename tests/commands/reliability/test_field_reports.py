# SPDX-License-Identifier: MIT
"""Test the problems that users reported of an earlier client, each from the reported state."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from azure_simulator import Simulator
from tests.support import entry_files
from tests.support.azure_cli import (
    CLUSTER,
    CLUSTER_PATH,
    GROUP,
    POD_IDENTITY,
    ROLE_PATH,
    AzureCli,
    commands_in,
    sent,
)
from tests.support.cluster_state import entries, pod_exception, principal_id, seed_entries
from tests.support.comparison import written
from tests.support.faults import FORBIDDEN, REQUEST_ID, forbidden
from tests.support.terminal import answered

ADD = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id"
DELETE = f"aks pod-identity delete {POD_IDENTITY}"
UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER}"


def test_01_grant_fails_with_reason(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.add(forbidden("PUT", ROLE_PATH))

    message = az(f"{ADD} {identity['id']}").failed()

    assert FORBIDDEN in message
    assert f"Request ID: {REQUEST_ID}" in message
    assert commands_in(message)[0].startswith("az role assignment create")
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)


def test_02_role_at_resource_group_suffices(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.role_assignment(identity["id"].split("/providers/")[0], principal_id(cluster))

    az(f"{ADD} {identity['id']}").ok()

    assert not simulator.requests.matching("PUT", ROLE_PATH)


def test_03_six_broken_entries_fixed_by_messages(az: AzureCli, simulator: Simulator) -> None:
    names = [f"broken-{number}" for number in range(6)]
    identities = seed_entries(simulator, "healthy", *names)
    for name in names:
        simulator.remove_managed_identity(identities[name]["id"])
    az(f"{DELETE} --name {' '.join(names)}").failed()
    assert {entries(simulator)[name]["provisioningState"] for name in names} == {"Failed"}

    message = az(f"{DELETE} --name healthy").failed()

    assert "my-app/broken-0" in message
    assert "my-app/healthy" not in message
    for name in names:
        simulator.seed.managed_identity(GROUP, name)
    az(f"{DELETE} --name healthy {' '.join(names)}").ok()
    assert not entries(simulator)


def test_04_deleted_identity_removed_and_added_again(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(identity["id"])

    message = az(f"{DELETE} --name app").failed()

    assert entries(simulator)["app"]["provisioningState"] == "Failed"
    remove, keep = message.split("Or, to keep the entry")
    assert "--force" in keep
    az.paste(remove)
    assert not entries(simulator)
    az(f"{ADD} {identity['id']}").ok()


def test_05_underscore_in_name_and_selector(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    message = az(f"{ADD} {identity['id']} --name aso_manager_binding").failed()
    assert "it contains '_'" in message
    assert simulator.requests.all() == []

    az(f"{ADD} {identity['id']} --name aso-manager --binding-selector aso_manager_binding").ok()


def test_06_service_principal_cluster(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, identity="ServicePrincipal")

    message = az(f"{UPDATE} --enable-pod-identity").failed()

    assert commands_in(message) == [f"az {UPDATE} --enable-managed-identity"]
    assert not simulator.requests.matching("PUT")


def test_07_kubenet_consent(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, network_plugin="kubenet")

    message = az(f"{UPDATE} --enable-pod-identity").failed()

    az.paste(message)
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]["allowNetworkPluginKubenet"] is True


def test_08_enable_request_body(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    az(f"{UPDATE} --enable-pod-identity").ok()

    body, expected = written(simulator)
    assert body == expected


def test_09_add_on_disabled_by_upgrade(az: AzureCli, simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    message = az(f"{ADD} {identity['id']}").failed()

    az.paste(message)
    az(f"{ADD} {identity['id']}").ok()


def test_10_disable_lists_entries(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "agent"})])

    answered(az, f"{UPDATE} --disable-pod-identity", "n", "my-app/app", "my-app/agents")
    assert list(entries(simulator)) == ["app"]

    lost = az(f"{UPDATE} --disable-pod-identity").ok().stderr
    assert "name: app" in lost
    assert "name: agents" in lost
    assert not entries(simulator)


def test_11_two_concurrent_pipelines(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two")]

    for result in az.together(*(f"{ADD} {identity['id']}" for identity in identities)):
        result.ok()

    assert sorted(entries(simulator)) == ["one", "two"]


def test_12_feature_not_registered(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")

    message = az(f"{ADD} {identity['id']}").failed()

    verbs = [" ".join(command.split()[1:3]) for command in commands_in(message)]
    assert verbs == ["feature register", "provider register"]


def test_13_any_label_suffices(each_az: AzureCli) -> None:
    assert "pods that have any of the given labels" in each_az("aks pod-identity exception add --help").ok().stdout


def test_14_forty_identities_in_one_write(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], tmp_path: Path
) -> None:
    """Also when they are removed again."""
    names = [f"app-{number:02}" for number in range(40)]
    file = entry_files.write(
        tmp_path, [entry_files.binding(simulator.seed.managed_identity(GROUP, name)) for name in names]
    )

    az(f"{entry_files.APPLY} --file {file}").ok()

    assert list(entries(simulator)) == names
    assert sent(simulator).count("PUT managedClusters") == 1
    simulator.requests.clear()
    az(f"{DELETE} --name {' '.join(names)}").ok()
    assert not entries(simulator)
    assert sent(simulator).count("PUT managedClusters") == 1


def test_15_cleanup_removes_role(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    cluster_identity = principal_id(simulator.cluster(GROUP, CLUSTER))
    simulator.seed.role_assignment(identity["id"], identity["properties"]["principalId"])

    az(f"{DELETE} --name app --yes --delete-role-assignment").ok()

    left = az(f"role assignment list --scope {identity['id']}").ok().json
    assert [each["principalId"] for each in left] == [identity["properties"]["principalId"]]
    assert cluster_identity != identity["properties"]["principalId"]
