# SPDX-License-Identifier: MIT
"""Test concurrent changes of one cluster by several clients: no change is lost."""

from __future__ import annotations

from typing import Any

import pytest

from azure_simulator import Fault, Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, OPERATION_PATH, POD_IDENTITY, AzureCli, sent
from tests.support.cluster_state import change_meanwhile, entries, exceptions, pod_exception, seed_entries, takes

CHANGES = {
    "add": ("add --name new --identity-resource-id {identity}", {"old", "new"}, {"old"}),
    "delete": ("delete --name old", set(), {"old"}),
    "exception add": ("exception add --name new --pod-labels app=x", {"old"}, {"old", "new"}),
    "exception update": ("exception update --name old --pod-labels app=new", {"old"}, {"old"}),
    "exception delete": ("exception delete --name old", {"old"}, set()),
}
each_change = pytest.mark.parametrize("change", CHANGES)


def seed(simulator: Simulator) -> dict[str, Any]:
    """A cluster with a pod identity and an exception; returns a managed identity that is not bound yet."""
    seed_entries(simulator, "old", exceptions=[pod_exception("old", {"app": "old"})])
    return simulator.seed.managed_identity(GROUP, "new")


def adds(simulator: Simulator, count: int) -> list[str]:
    names = [f"app-{number}" for number in range(count)]
    identities = [simulator.seed.managed_identity(GROUP, name) for name in names]
    return [f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {each['id']}" for each in identities]


def test_eight_concurrent_adds(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    results = az.together(*adds(simulator, 8))

    for result in results:
        result.ok()
    assert {name: entry["provisioningState"] for name, entry in entries(simulator).items()} == {
        f"app-{number}": "Assigned" for number in range(8)
    }


@pytest.mark.parametrize("preempt", [False, True], ids=["refused while busy", "replaced while busy"])
def test_concurrent_changes_of_all_kinds(az: AzureCli, simulator: Simulator, preempt: bool) -> None:
    seed_entries(simulator, "one", "two", exceptions=[pod_exception(name, {"app": name}) for name in ("a", "b")])
    takes(simulator, pod_identity=0.1)
    simulator.settings.preempt = preempt

    results = az.together(
        *adds(simulator, 2),
        f"aks pod-identity delete {POD_IDENTITY} --name one",
        f"aks pod-identity exception add {POD_IDENTITY} --name c --pod-labels app=c",
        f"aks pod-identity exception update {POD_IDENTITY} --name b --pod-labels app=new",
        f"aks pod-identity exception delete {POD_IDENTITY} --name a",
    )

    for result in results:
        result.ok()
    assert set(entries(simulator)) == {"two", "app-0", "app-1"}
    labels = {name: exception["podLabels"] for name, exception in exceptions(simulator).items()}
    assert labels == {"b": {"app": "new"}, "c": {"app": "c"}}


def test_concurrent_changes_without_etags(az: AzureCli, simulator: Simulator) -> None:
    """Without eTags the service's refusal while it is busy is all there is.

    A change is then safe as long as what others began takes longer than the moment between its own read and write.
    """
    seed_entries(simulator)
    takes(simulator, pod_identity=1.0)
    simulator.settings.etags = False
    add = f"aks pod-identity exception add {POD_IDENTITY}"

    results = az.together(*(f"{add} --name agents-{number} --pod-labels app=x" for number in range(4)))

    for result in results:
        result.ok()
    assert set(exceptions(simulator)) == {f"agents-{number}" for number in range(4)}


@each_change
def test_entry_change_between_read_and_write(az: AzureCli, simulator: Simulator, change: str) -> None:
    identity = seed(simulator)
    command, identities_left, exceptions_left = CHANGES[change]
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=lambda: change_meanwhile(simulator)))

    az(f"aks pod-identity {command.format(identity=identity['id'])} {POD_IDENTITY}").ok()

    assert [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)] == [412, 200]
    assert set(entries(simulator)) == identities_left
    assert set(exceptions(simulator)) == exceptions_left | {"others"}
    assert sent(simulator).count("PUT roleAssignments") == (change == "add")


def test_other_field_change_between_read_and_write(az: AzureCli, simulator: Simulator) -> None:
    seed(simulator)

    def tag() -> None:
        simulator.start_operation(GROUP, CLUSTER, 0, lambda body: body.update(tags={"team": "a"}))

    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=tag))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert simulator.cluster(GROUP, CLUSTER)["tags"] == {"team": "a"}
    assert not entries(simulator)


@pytest.mark.parametrize(
    ("code", "shape"),
    [("EtagMismatch", "provider"), ("PreconditionFailed", "front-door")],
    ids=["provider", "front door"],
)
def test_stale_etag_by_any_error_code(az: AzureCli, simulator: Simulator, code: str, shape: Any) -> None:
    seed(simulator)
    simulator.faults.add(Fault("PUT", CLUSTER_PATH, status=412, code=code, shape=shape))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert not entries(simulator)
    assert [name for name in sent(simulator) if "operations" not in name][:5] == [
        "GET managedClusters",
        "GET userAssignedIdentities",
        "PUT managedClusters",
        "GET managedClusters",
        "PUT managedClusters",
    ]


def test_operation_started_after_read(az: AzureCli, simulator: Simulator) -> None:
    seed(simulator)
    takes(simulator)

    def begin() -> None:
        simulator.start_operation(GROUP, CLUSTER, 1.0, lambda body: body.update(tags={"team": "a"}))

    simulator.faults.add(Fault("PUT", CLUSTER_PATH, call=begin))

    az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)] == [409, 200]
    assert simulator.cluster(GROUP, CLUSTER)["tags"] == {"team": "a"}
    assert not entries(simulator)


@pytest.mark.parametrize("change", ["add", "delete", "exception update"])
def test_change_replaced_by_other_client(az: AzureCli, simulator: Simulator, change: str) -> None:
    identity = seed(simulator)
    command, identities_left, exceptions_left = CHANGES[change]
    before = simulator.cluster(GROUP, CLUSTER)["properties"]["podIdentityProfile"]
    takes(simulator, pod_identity=0.3)

    def replace() -> None:
        """Writes back what it read before, as a client without eTags does."""
        simulator.start_operation(
            GROUP, CLUSTER, 0.1, lambda body: body["properties"].update(podIdentityProfile=before)
        )

    simulator.faults.add(Fault("GET", OPERATION_PATH, call=replace))

    az(f"aks pod-identity {command.format(identity=identity['id'])} {POD_IDENTITY}").ok()

    assert [put.status for put in simulator.requests.matching("PUT", CLUSTER_PATH)] == [200, 200]
    assert set(entries(simulator)) == identities_left
    assert set(exceptions(simulator)) == exceptions_left
    assert sent(simulator).count("PUT roleAssignments") == (change == "add")


def test_operation_failed_because_replaced(az: AzureCli, simulator: Simulator) -> None:
    seed(simulator)
    simulator.faults.fail_operation("NotLatestOperation", "The operation has been preempted by another one.")

    result = az(f"aks pod-identity delete {POD_IDENTITY} --name old").ok()

    assert not entries(simulator)
    assert any("(NotLatestOperation)" in warning for warning in result.warnings)


def test_same_add_twice_concurrently(
    az: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    add = f"aks pod-identity add {POD_IDENTITY} --identity-resource-id {identity['id']}"

    for result in az.together(add, add, add):
        result.ok()

    assert list(entries(simulator)) == ["app-identity"]


def test_two_identities_under_one_name(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    results = az.together(*(f"{add} --name my-pod" for add in adds(simulator, 2)))

    (lost,) = [result for result in results if result.exit_code]
    assert "'my-pod' in namespace 'my-app' already exists" in lost.failed()
    (entry,) = entries(simulator).values()
    assert entry["identity"]["resourceId"] in lost.stderr


def test_concurrent_deletes_of_one_entry(az: AzureCli, simulator: Simulator) -> None:
    seed(simulator)
    delete = f"aks pod-identity delete {POD_IDENTITY} --name old"

    results = az.together(delete, delete)

    assert sorted(result.exit_code for result in results) in ([0, 0], [0, 3])
    assert not entries(simulator)
    assert set(exceptions(simulator)) == {"old"}


def test_lost_updates_restored_without_etags(az: AzureCli, simulator: Simulator) -> None:
    identity = seed(simulator)
    simulator.settings.etags = False
    takes(simulator, pod_identity=0.5)

    def write_what_was_read_long_ago() -> None:
        stale = {"enabled": True}
        simulator.start_operation(
            GROUP, CLUSTER, 0.1, lambda body: body["properties"].update(podIdentityProfile=dict(stale))
        )

    simulator.faults.add(Fault("GET", OPERATION_PATH, call=write_what_was_read_long_ago))

    result = az(f"aks pod-identity add {POD_IDENTITY} --name new --identity-resource-id {identity['id']}").ok()

    assert set(entries(simulator)) == {"old", "new"}
    assert set(exceptions(simulator)) == {"old"}
    assert (
        "Pod identity 'old' in namespace 'my-app' was overwritten by another client and will be restored."
        in result.stderr
    )
