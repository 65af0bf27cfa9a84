# SPDX-License-Identifier: MIT
"""Clusters over HTTP: ETags, running operations, replacement and deletion."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from azure_simulator import Durations, Fault, Simulator
from azure_simulator.clock import ManualClock
from tests.support.arm import CLUSTER, GROUP, Arm, add, entry, profile, states

CREATE: dict[str, Any] = {
    "location": "westus2",
    "identity": {"type": "SystemAssigned"},
    "properties": {"dnsPrefix": "prefix", "agentPoolProfiles": [{"name": "nodepool1", "mode": "System"}]},
}


def tag(name: str, value: str = "yes") -> Any:
    return lambda body: body.setdefault("tags", {}).update({name: value})


@pytest.mark.usefixtures("cluster")
class TestEtag:
    def test_put_changes_etag_twice(self, arm: Arm) -> None:
        before = arm.cluster()["eTag"]
        answered = arm.change(tag("a")).json()["eTag"]
        while_updating = arm.cluster()["eTag"]
        arm.settle()

        assert answered == before
        assert len({before, while_updating, arm.cluster()["eTag"]}) == 3

    @pytest.mark.parametrize("written", ["{}", '"{}"'])
    def test_current_etag_with_and_without_quotes(self, arm: Arm, written: str) -> None:
        etag = arm.cluster()["eTag"]
        assert arm.change(tag("a"), {"if-match": written.format(etag)}).status_code == 200

    def test_stale_etag_is_refused(self, arm: Arm) -> None:
        stale = arm.cluster()["eTag"]
        arm.change(tag("first"))
        arm.settle()

        answer = arm.change(tag("second"), {"if-match": stale})

        assert answer.status_code == 412
        assert answer.json()["code"] == "EtagMismatch"
        assert arm.cluster()["tags"] == {"first": "yes"}

    def test_if_none_match_refuses_existing_cluster(self, arm: Arm) -> None:
        headers = {"if-none-match": "*"}
        assert arm.put(arm.cluster_path(), CREATE, headers=headers).status_code == 412
        assert arm.put(arm.cluster_path("other"), CREATE, headers=headers).status_code == 201

    def test_if_match_never_creates(self, arm: Arm) -> None:
        answer = arm.put(arm.cluster_path("other"), CREATE, headers={"if-match": "*"})
        assert answer.status_code == 412

    def test_service_without_etags(self, arm: Arm) -> None:
        arm.simulator.settings.etags = False
        body = arm.cluster()
        assert "eTag" not in body
        assert all("eTag" not in pool for pool in body["properties"]["agentPoolProfiles"])
        assert "eTag" not in arm.change(tag("a")).json()


@pytest.mark.usefixtures("cluster")
class TestRunningOperation:
    def test_concurrent_put_is_refused(self, arm: Arm) -> None:
        arm.change(tag("first"))
        answer = arm.change(tag("second"))
        assert answer.status_code == 409
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["code"] == "OperationNotAllowed"
        assert answer.json()["message"] == (
            "Operation is not allowed: Another operation (Updating) is in progress, please wait for it to "
            "finish before starting a new operation. "
            "See https://aka.ms/aks-pending-operation for more details"
        )

    def test_preempting_put_replaces_operation(self, arm: Arm, simulator: Simulator) -> None:
        simulator.settings.preempt = True
        first = arm.change(tag("first"))
        arm.change(lambda body: body.update(tags={"second": "yes"}))
        arm.settle()

        poll = arm.get(first.headers["azure-asyncoperation"]).json()
        assert poll["error"]["code"] == "NotLatestOperation"
        assert arm.cluster()["tags"] == {"second": "yes"}

    def test_delete_during_operation(self, arm: Arm) -> None:
        arm.change(tag("first"))
        deletion = arm.send("DELETE", arm.cluster_path())
        assert deletion.status_code == 202
        assert arm.cluster()["properties"]["provisioningState"] == "Deleting"
        assert arm.change(tag("second")).status_code == 409
        arm.settle()
        assert arm.get(arm.cluster_path()).status_code == 404

    def test_other_client_changes_state_and_etag(self, arm: Arm, simulator: Simulator) -> None:
        before = arm.cluster()["eTag"]
        simulator.start_operation(GROUP, CLUSTER, 30, tag("other"))

        body = arm.cluster()
        assert (body["properties"]["provisioningState"], body["tags"]) == ("Updating", {"other": "yes"})
        assert body["eTag"] != before
        assert arm.change(tag("mine")).status_code == 409
        arm.clock.advance(30)
        assert arm.change(tag("mine")).json()["tags"] == {"mine": "yes", "other": "yes"}

    def test_failed_operation_leaves_cluster_usable(self, arm: Arm, simulator: Simulator) -> None:
        simulator.faults.fail_operation("QuotaExceeded", "No cores left.")
        poll_url = arm.change(tag("a")).headers["azure-asyncoperation"]
        arm.settle()

        poll = arm.get(poll_url).json()
        assert (poll["status"], poll["error"]["message"]) == ("Failed", "No cores left.")
        assert arm.cluster()["properties"]["provisioningState"] == "Failed"
        assert arm.change(tag("b")).status_code == 200

    def test_latest_operation_has_start_time(self, arm: Arm) -> None:
        latest = f"{arm.cluster_path()}/operations/latest"
        assert arm.get(latest).status_code == 404
        started = arm.change(tag("a")).headers["azure-asyncoperation"]

        body = arm.get(latest).json()
        assert (body["status"], body["percentComplete"]) == ("InProgress", 0)
        assert body["startTime"] == arm.get(started).json()["startTime"]
        assert body["id"].endswith(f"/managedClusters/{CLUSTER}/operations/{body['name']}")
        arm.settle()
        ended = arm.get(latest).json()
        assert (ended["status"], ended["percentComplete"], ended["name"]) == ("Succeeded", 100, body["name"])

    def test_abort_cancels_operation(self, arm: Arm) -> None:
        change = arm.change(tag("a"))

        abort = arm.send("POST", f"{arm.cluster_path()}/abort")

        assert (abort.status_code, abort.json()["properties"]["provisioningState"]) == (202, "Updating")
        assert arm.cluster()["properties"]["provisioningState"] == "Canceling"
        arm.clock.advance(7)
        poll = arm.get(change.headers["azure-asyncoperation"]).json()
        assert (poll["status"], poll["error"]["code"]) == ("Canceled", "Canceled")
        assert arm.cluster()["properties"]["provisioningState"] == "Canceled"
        assert arm.send("POST", f"{arm.cluster_path()}/abort").status_code == 409

    def test_retry_after_is_optional(self, arm: Arm, simulator: Simulator) -> None:
        assert "retry-after" not in arm.change(tag("a")).headers
        arm.settle()
        simulator.settings.retry_after = 2
        put = arm.change(tag("b"))
        assert put.headers["retry-after"] == "2"
        assert arm.get(put.headers["azure-asyncoperation"]).headers["retry-after"] == "2"

    def test_status_without_stages(self, arm: Arm, simulator: Simulator) -> None:
        simulator.settings.stages = False
        url = arm.change(tag("a")).headers["azure-asyncoperation"]
        arm.clock.advance(90)
        assert arm.get(url).json()["status"] == "InProgress"


@pytest.mark.usefixtures("cluster")
class TestReplacement:
    def test_omitted_fields_are_removed_or_defaulted(self, arm: Arm) -> None:
        arm.change(lambda body: body["properties"].update(disableLocalAccounts=True, fieldOfTomorrow={"a": 1}))
        arm.settle()
        kept = arm.cluster()["properties"]
        assert (kept["disableLocalAccounts"], kept["fieldOfTomorrow"]) == (True, {"a": 1})

        def forget(body: dict[str, Any]) -> None:
            for name in ("disableLocalAccounts", "fieldOfTomorrow", "podIdentityProfile"):
                del body["properties"][name]

        arm.change(forget)
        left = arm.cluster()["properties"]
        assert left["disableLocalAccounts"] is False
        assert "fieldOfTomorrow" not in left
        assert "podIdentityProfile" not in left

    def test_read_only_fields_are_ignored(self, arm: Arm) -> None:
        before = arm.cluster()

        def lie(body: dict[str, Any]) -> None:
            body.update(id="/lie", name="lie", eTag="lie")
            body["identity"]["principalId"] = "lie"
            body["properties"].update(fqdn="lie", provisioningState="lie", resourceUID="lie")

        arm.change(lie)
        arm.settle()
        after = arm.cluster()
        assert {**after, "eTag": "", "properties": ""} == {**before, "eTag": "", "properties": ""}
        for name in ("fqdn", "provisioningState", "resourceUID"):
            assert after["properties"][name] == before["properties"][name]

    def test_immutable_field_is_refused(self, arm: Arm) -> None:
        answer = arm.change(lambda body: body["properties"].update(dnsPrefix="other"))
        assert (answer.status_code, answer.json()["code"]) == (400, "PropertyChangeNotAllowed")

    def test_only_entry_changes_take_pod_identity_duration(self, arm: Arm, simulator: Simulator) -> None:
        simulator.durations = Durations(pod_identity=10, update=20)
        exception = {"name": "e", "namespace": "n", "podLabels": {"b": "2", "a": "1"}}
        arm.change(lambda body: profile(body).update(userAssignedIdentityExceptions=[exception]))
        arm.clock.advance(10)
        assert arm.cluster()["properties"]["provisioningState"] == "Succeeded"
        labels = profile(arm.cluster())["userAssignedIdentityExceptions"][0]["podLabels"]
        assert list(labels) == ["a", "b"]

        arm.change(tag("a"))
        arm.clock.advance(10)
        assert arm.cluster()["properties"]["provisioningState"] == "Updating"

    def test_agent_pool_is_replaced_separately(self, arm: Arm) -> None:
        path = f"{arm.cluster_path()}/agentPools/nodepool1"
        body = arm.get(path).json()
        body["properties"]["count"] = 9
        answer = arm.put(path, body)
        assert (answer.status_code, answer.json()["properties"]["provisioningState"]) == (200, "Updating")
        assert arm.put(path, body).status_code == 409
        arm.settle()
        assert arm.cluster()["properties"]["agentPoolProfiles"][0]["count"] == 9
        assert arm.get(f"{path}x").status_code == 404

    def test_node_counts_change(self, arm: Arm) -> None:
        arm.change(lambda body: body["properties"]["agentPoolProfiles"][0].update(count=7))
        arm.settle()
        pool = arm.get(f"{arm.cluster_path()}/agentPools/NODEPOOL1").json()
        assert pool["properties"]["count"] == 7


def test_names_and_ids_ignore_case(arm: Arm, simulator: Simulator) -> None:
    simulator.seed.cluster("Group", "Cluster")
    shouted = arm.cluster_path("CLUSTER", "GROUP").replace("managedClusters", "MANAGEDCLUSTERS")

    body = arm.get(shouted).json()

    assert body["id"].endswith("/resourcegroups/Group/providers/Microsoft.ContainerService/managedClusters/Cluster")
    assert arm.put(shouted, body).status_code == 200
    assert len(arm.get("providers/microsoft.containerservice/managedclusters").json()["value"]) == 1


def test_service_principal_becomes_system_assigned_identity(arm: Arm, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, identity="ServicePrincipal", pod_identity=False)
    arm.change(lambda body: body.update(identity={"type": "SystemAssigned"}))
    arm.settle()
    assert arm.cluster()["identity"]["principalId"]
    assert arm.cluster()["properties"]["servicePrincipalProfile"] == {"clientId": "msi"}


def test_secret_is_neither_stored_nor_logged(arm: Arm, simulator: Simulator) -> None:
    simulator.seed.resource_group(GROUP)
    principal = {"servicePrincipalProfile": {"clientId": "id", "secret": "hidden-value"}}
    body = {"location": "eastus", "properties": {**CREATE["properties"], **principal}}
    assert arm.put(arm.cluster_path(), body).status_code == 201
    assert "hidden-value" not in f"{simulator.cluster(GROUP, CLUSTER)}{simulator.requests.all()}"


def test_scale_shortens_operations(arm: Arm, simulator: Simulator, clock: ManualClock) -> None:
    simulator.scale = 0.01
    simulator.seed.resource_group(GROUP)
    arm.put(arm.cluster_path(), CREATE)
    clock.advance(2.36)
    assert arm.cluster()["properties"]["provisioningState"] == "Creating"
    clock.advance(0.02)
    assert arm.cluster()["properties"]["provisioningState"] == "Succeeded"


@pytest.mark.usefixtures("cluster")
def test_fifty_concurrent_clients_lose_no_update(arm: Arm, simulator: Simulator) -> None:
    """Each client reads, adds its entry and writes with If-Match. It retries on conflicts."""
    simulator.scale = 0
    principal = simulator.cluster(GROUP, CLUSTER)["identity"]["principalId"]
    names = [f"identity{number}" for number in range(50)]
    entries = {name: entry(simulator.seed.managed_identity(GROUP, name), name) for name in names}
    for item in entries.values():
        simulator.seed.role_assignment(item["identity"]["resourceId"], principal)

    def client(name: str) -> None:
        with arm.another_client() as mine:
            for _ in range(200):
                body = mine.cluster()
                add(entries[name])(body)
                answer = mine.put(mine.cluster_path(), body, headers={"if-match": body["eTag"]})
                if answer.status_code == 200:
                    return
                assert answer.status_code in (409, 412), answer.text
        raise AssertionError(f"{name} never got through")

    with ThreadPoolExecutor(50) as pool:
        list(pool.map(client, names))

    assert states(arm.cluster()) == dict.fromkeys(names, "Assigned")


@pytest.mark.usefixtures("cluster")
class TestFaults:
    @pytest.mark.parametrize(
        ("shape", "cause", "content_type"),
        [
            ("provider", None, "application/json"),
            ("front-door", "gateway", "application/json; charset=utf-8"),
        ],
    )
    def test_fault_with_error_response(self, arm: Arm, shape: Any, cause: str | None, content_type: str) -> None:
        headers = {"retry-after": "3"}
        fault = Fault("PUT", r"managedClusters/[^/]+$", 1, 429, "Slow", "Wait.", headers, shape)
        arm.simulator.faults.add(fault)

        answer = arm.change(tag("a"))

        error = answer.json() if shape == "provider" else answer.json()["error"]
        assert (answer.status_code, error["code"], error["message"]) == (429, "Slow", "Wait.")
        assert answer.headers.get("x-ms-failure-cause") == cause
        assert (answer.headers["retry-after"], answer.headers["content-type"]) == ("3", content_type)
        assert "tags" not in arm.cluster()
        assert arm.change(tag("a")).status_code == 200

    @pytest.mark.parametrize("accepted", [False, True])
    def test_fault_with_body_before_or_after_processing(self, arm: Arm, accepted: bool) -> None:
        page = "<html></html>"
        arm.simulator.faults.add(Fault("PUT", "managedClusters", status=502, body=page, accepted=accepted))

        answer = arm.change(tag("a"))

        assert (answer.status_code, answer.text) == (502, page)
        assert answer.headers["content-type"].startswith("text/html")
        assert ("tags" in arm.cluster()) is accepted

    def test_fault_skips_first_requests(self, arm: Arm) -> None:
        arm.simulator.faults.add(Fault("GET", "managedClusters", status=503, body={"a": 1}, skip=1))
        path = f"resourceGroups/{GROUP}/providers/Microsoft.ContainerService/managedClusters/{CLUSTER}"

        statuses = [arm.send("GET", path).status_code for _ in range(3)]

        assert statuses == [200, 503, 200]

    @pytest.mark.parametrize(("drop", "took_effect"), [("before", False), ("after", True), ("inside", True)])
    def test_fault_drops_connection(self, arm: Arm, drop: Any, took_effect: bool) -> None:
        arm.simulator.faults.add(Fault("PUT", "managedClusters", drop=drop))
        with pytest.raises(httpx.TransportError):
            arm.change(tag("a"))
        assert ("tags" in arm.cluster()) is took_effect
        assert arm.simulator.requests.matching("PUT", "managedClusters")[-1].status is None

    def test_fault_lets_other_client_write_first(self, arm: Arm, simulator: Simulator) -> None:
        def other() -> None:
            simulator.start_operation(GROUP, CLUSTER, 10, tag("other"))

        etag = arm.cluster()["eTag"]
        simulator.faults.add(Fault("PUT", "managedClusters", call=other))
        assert arm.change(tag("mine"), {"if-match": etag}).status_code == 409
        assert arm.cluster()["tags"] == {"other": "yes"}

    def test_fault_callback_may_send_requests(self, arm: Arm, simulator: Simulator) -> None:
        def other() -> None:
            with arm.another_client() as client:
                client.change(tag("other"))

        simulator.faults.add(Fault("PUT", "managedClusters", call=other))
        assert arm.change(tag("mine")).status_code == 409

    def test_fault_happens_given_times(self, arm: Arm, simulator: Simulator) -> None:
        simulator.faults.add(Fault("GET", "managedClusters", times=2, status=503))
        path = arm.cluster_path()
        assert [arm.get(path).status_code for _ in range(3)] == [503, 503, 200]

    def test_fault_has_single_effect(self) -> None:
        with pytest.raises(ValueError, match="exactly one"):
            Fault("PUT", status=500, drop="before")
