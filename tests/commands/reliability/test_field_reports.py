# SPDX-License-Identifier: MIT
"""What went wrong for people with an earlier client, each test from the state that was reported."""

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


def test_01_a_grant_that_fails_says_why(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.faults.add(forbidden("PUT", ROLE_PATH))

    message = az(f"{ADD} {identity['id']}").failed()

    assert FORBIDDEN in message
    assert f"Request ID: {REQUEST_ID}" in message
    assert commands_in(message)[0].startswith("az role assignment create")
    assert not simulator.requests.matching("PUT", CLUSTER_PATH)


def test_02_a_role_at_the_resource_group_is_enough(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.role_assignment(identity["id"].split("/providers/")[0], principal_id(cluster))

    az(f"{ADD} {identity['id']}").ok()

    assert not simulator.requests.matching("PUT", ROLE_PATH)


def test_03_a_cluster_with_six_broken_entries_is_mended_by_its_own_messages(az: AzureCli, simulator: Simulator) -> None:
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


def test_04_an_entry_whose_managed_identity_is_gone_can_be_removed_and_added_again(
    az: AzureCli, simulator: Simulator
) -> None:
    identity = seed_entries(simulator, "app")["app"]
    simulator.remove_managed_identity(identity["id"])

    message = az(f"{DELETE} --name app").failed()

    assert entries(simulator)["app"]["provisioningState"] == "Failed"
    remove, keep = message.split("Or, to keep the entry")
    assert "--force" in keep
    az.paste(remove)
    assert not entries(simulator)
    az(f"{ADD} {identity['id']}").ok()


def test_05_an_underscore_in_a_name_is_refused_at_once_and_allowed_in_a_selector(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    message = az(f"{ADD} {identity['id']} --name aso_manager_binding").failed()
    assert "it contains '_'" in message
    assert simulator.requests.all() == []

    az(f"{ADD} {identity['id']} --name aso-manager --binding-selector aso_manager_binding").ok()


def test_06_a_service_principal_cluster_is_told_how_to_get_a_managed_identity(
    az: AzureCli, simulator: Simulator
) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, identity="ServicePrincipal")

    message = az(f"{UPDATE} --enable-pod-identity").failed()

    assert commands_in(message) == [f"az {UPDATE} --enable-managed-identity"]
    assert not simulator.requests.matching("PUT")


def test_07_kubenet_is_told_with_the_flag_that_consents(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False, network_plugin="kubenet")

    message = az(f"{UPDATE} --enable-pod-identity").failed()

    az.paste(message)
    assert simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]["allowNetworkPluginKubenet"] is True


def test_08_enabling_sends_nothing_but_the_profile_beside_what_was_read(az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    az(f"{UPDATE} --enable-pod-identity").ok()

    body, expected = written(simulator)
    assert body == expected


def test_09_an_add_on_that_an_upgrade_left_off_is_enabled_by_the_command_given(
    az: AzureCli, simulator: Simulator, identity: dict[str, Any]
) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    message = az(f"{ADD} {identity['id']}").failed()

    az.paste(message)
    az(f"{ADD} {identity['id']}").ok()


def test_10_a_disable_lists_what_it_would_lose(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "agent"})])

    answered(az, f"{UPDATE} --disable-pod-identity", "n", "my-app/app", "my-app/agents")
    assert list(entries(simulator)) == ["app"]

    lost = az(f"{UPDATE} --disable-pod-identity").ok().stderr
    assert "name: app" in lost
    assert "name: agents" in lost
    assert not entries(simulator)


def test_11_two_pipelines_that_add_at_the_same_time_both_succeed(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any]
) -> None:
    identities = [simulator.seed.managed_identity(GROUP, name) for name in ("one", "two")]

    for result in az.together(*(f"{ADD} {identity['id']}" for identity in identities)):
        result.ok()

    assert sorted(entries(simulator)) == ["one", "two"]


def test_12_a_feature_that_is_not_registered_is_told_with_both_commands(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    simulator.seed.feature("EnablePodIdentityPreview", "NotRegistered")

    message = az(f"{ADD} {identity['id']}").failed()

    verbs = [" ".join(command.split()[1:3]) for command in commands_in(message)]
    assert verbs == ["feature register", "provider register"]


def test_13_any_one_of_the_labels_is_said_to_be_enough(each_az: AzureCli) -> None:
    assert "pods that have any of the given labels" in each_az("aks pod-identity exception add --help").ok().stdout


def test_14_forty_identities_take_one_write(
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


def test_15_the_clean_up_takes_the_role_of_the_cluster_identity(az: AzureCli, simulator: Simulator) -> None:
    identity = seed_entries(simulator, "app")["app"]
    cluster_identity = principal_id(simulator.cluster(GROUP, CLUSTER))
    simulator.seed.role_assignment(identity["id"], identity["properties"]["principalId"])

    az(f"{DELETE} --name app --yes --delete-role-assignment").ok()

    left = az(f"role assignment list --scope {identity['id']}").ok().json
    assert [each["principalId"] for each in left] == [identity["properties"]["principalId"]]
    assert cluster_identity != identity["properties"]["principalId"]
