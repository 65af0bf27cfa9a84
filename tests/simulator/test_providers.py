# SPDX-License-Identifier: MIT
"""Role assignments, managed identities, groups, sign-in and the Python interface."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from azure_simulator import Durations, Simulator
from azure_simulator.clock import ManualClock
from tests.support.arm import GROUP, Arm, trust
from tests.support.processes import child_setup

OPERATOR = "f1a07417-d97a-45cb-824c-7a7467783830"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"


def assign(arm: Arm, scope: str, principal: str, role: str = OPERATOR, **options: Any) -> httpx.Response:
    name = options.pop("name", str(uuid.uuid4()))
    definition = f"{arm.path('')}providers/Microsoft.Authorization/roleDefinitions/{role}"
    properties = {"roleDefinitionId": definition, "principalId": principal, **options}
    path = f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"
    return arm.put(path, {"properties": properties})


def listed(arm: Arm, scope: str, condition: str | None = None) -> list[str]:
    query = {"$filter": condition} if condition else {}
    value = arm.get(f"{scope}/providers/Microsoft.Authorization/roleAssignments", query=query).json()["value"]
    return [item["properties"]["scope"] for item in value]


class TestRoleAssignments:
    def test_put_is_idempotent_unless_name_differs(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        principal, name = identity["properties"]["principalId"], str(uuid.uuid4())
        first = assign(arm, identity["id"], principal, name=name)
        again = assign(arm, identity["id"], principal, name=name)
        other = assign(arm, identity["id"], principal)
        assert [first.status_code, again.status_code, other.status_code] == [201, 201, 409]
        assert other.json()["error"]["code"] == "RoleAssignmentExists"

    def test_repeated_put_does_not_restart_propagation(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        cluster = simulator.seed.cluster(GROUP, "cluster")
        name, principal = str(uuid.uuid4()), cluster["identity"]["principalId"]
        assign(arm, identity["id"], principal, name=name)
        arm.clock.advance(60)
        assign(arm, identity["id"], principal, name=name)
        properties = identity["properties"]
        ids = {"clientId": properties["clientId"], "objectId": properties["principalId"]}
        entry = {"name": "a", "namespace": "n", "identity": {"resourceId": identity["id"], **ids}}
        profile = {"enabled": True, "userAssignedIdentities": [entry]}
        assert arm.change(lambda body: body["properties"].update(podIdentityProfile=profile)).is_success

    def test_new_principal_can_be_refused_despite_type(self, arm: Arm, simulator: Simulator) -> None:
        simulator.durations = Durations(principal_replication=90)
        path = f"resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/young"
        simulator.seed.resource_group(GROUP)
        young = arm.put(path, {"location": "eastus"}).json()
        principal, scope = young["properties"]["principalId"], young["id"]
        simulator.settings.principal_type_helps = False
        refused = assign(arm, scope, principal, principalType="ServicePrincipal")
        assert refused.json()["error"]["code"] == "PrincipalNotFound"
        arm.clock.advance(90)
        assert assign(arm, scope, principal, principalType="ServicePrincipal").status_code == 201

    def test_filters(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity("rg1", "a")
        other = simulator.seed.managed_identity("rg10", "b")
        mine, theirs = (item["properties"]["principalId"] for item in (identity, other))
        subscription = f"/subscriptions/{simulator.subscription_id}"
        group = f"{subscription}/resourceGroups/rg1"
        for scope in (subscription, group, identity["id"], other["id"]):
            simulator.seed.role_assignment(scope, mine)
        simulator.seed.role_assignment(subscription, theirs)

        at_scope = f"atScope() and assignedTo('{mine.upper()}')"
        assert listed(arm, identity["id"], at_scope) == [subscription, group, identity["id"]]
        assert listed(arm, group, at_scope) == [subscription, group]
        assert listed(arm, group, f"principalId eq '{mine}'") == [subscription, group, identity["id"]]
        assert len(listed(arm, subscription)) == 5

    def test_unreplicated_principal_requires_principal_type(self, arm: Arm, simulator: Simulator) -> None:
        simulator.durations = Durations(principal_replication=10)
        simulator.seed.resource_group(GROUP)
        path = arm.path(f"resourceGroups/{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a")
        identity = arm.put(path, {"location": "eastus"}).json()
        principal = identity["properties"]["principalId"]
        refused = assign(arm, identity["id"], principal)
        assert refused.json()["error"]["code"] == "PrincipalNotFound"
        assert principal.replace("-", "") in refused.json()["error"]["message"]
        assert assign(arm, identity["id"], principal, principalType="ServicePrincipal").status_code == 201
        arm.clock.advance(10)
        assert assign(arm, identity["id"], principal, READER).status_code == 201

    def test_refusals(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        principal = identity["properties"]["principalId"]
        assert assign(arm, identity["id"], principal, str(uuid.uuid4())).status_code == 404
        assert assign(arm, identity["id"], principal, name="no-guid").status_code == 400
        assert assign(arm, f"{identity['id']}x", principal).status_code == 404
        assert assign(arm, arm.path("resourceGroups/absent"), principal).status_code == 404

    def test_delete_returns_deleted_assignment(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")
        made = assign(arm, identity["id"], identity["properties"]["principalId"]).json()
        assert arm.send("DELETE", made["id"]).json()["id"] == made["id"]
        assert arm.send("DELETE", made["id"]).status_code == 204
        assert arm.get(made["id"]).status_code == 404

    @pytest.mark.parametrize(
        "role",
        ["Owner", "Contributor", "Reader", "Virtual Machine Contributor", "Network Contributor", "AcrPull"],
    )
    def test_role_definitions_are_found_by_name_and_id(self, arm: Arm, role: str) -> None:
        path = "providers/Microsoft.Authorization/roleDefinitions"
        (found,) = arm.get(path, query={"$filter": f"roleName eq '{role}'"}).json()["value"]
        assert arm.get(found["id"]).json()["properties"]["roleName"] == role


class TestManagedIdentities:
    def test_ids_change_only_when_recreated(self, arm: Arm, simulator: Simulator) -> None:
        first = simulator.seed.managed_identity(GROUP, "a")
        again = arm.put(first["id"], {"location": "eastus", "tags": {"a": "b"}})
        assert (again.status_code, again.json()["properties"]) == (200, first["properties"])
        assert [arm.send("DELETE", first["id"]).status_code for _ in range(2)] == [200, 204]
        assert arm.get(first["id"]).json()["error"]["code"] == "ResourceNotFound"
        new = arm.put(first["id"], {"location": "eastus"})
        assert new.status_code == 201
        assert new.json()["properties"]["clientId"] != first["properties"]["clientId"]

    def test_federated_credential_limit(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")

        def put(number: int, name: str | None = None) -> int:
            properties = {"issuer": "https://issuer", "subject": f"s{number}", "audiences": ["a"]}
            path = f"{identity['id']}/federatedIdentityCredentials/{name or f'credential{number}'}"
            return arm.put(path, {"properties": properties}).status_code

        assert {put(number) for number in range(20)} == {201}
        assert put(20) == 400
        assert put(0) == 200
        assert put(0, "other") == 409
        assert put(30, "no") == 400

    def test_concurrent_credential_writes_are_refused(self, arm: Arm, simulator: Simulator) -> None:
        paths = {name: simulator.seed.managed_identity(GROUP, name)["id"] for name in ("a", "b")}

        def put(identity: str, name: str) -> httpx.Response:
            properties = {"issuer": "https://issuer", "subject": name, "audiences": ["a"]}
            return arm.put(f"{paths[identity]}/federatedIdentityCredentials/{name}", {"properties": properties})

        simulator.settings.azure_cli_latency = 0.01  # while the clock stands, no write comes to its end
        assert [put("a", "one").status_code, put("b", "one").status_code] == [201, 201]
        answer = put("a", "two")
        assert answer.status_code == 409
        assert answer.json()["error"]["code"].startswith("ConcurrentFederatedIdentityCredentialsWrites")
        assert arm.send("DELETE", f"{paths['a']}/federatedIdentityCredentials/one").status_code == 409
        arm.clock.advance(1)
        assert put("a", "two").status_code == 201
        assert [each["name"] for each in simulator.federated_credentials(paths["a"])] == ["one", "two"]

    def test_credentials_are_deleted_with_identity(self, arm: Arm, simulator: Simulator) -> None:
        identity = simulator.seed.managed_identity(GROUP, "a")["id"]
        simulator.seed.federated_credential(identity, "one", "https://issuer", "subject")
        simulator.remove_managed_identity(identity)
        simulator.seed.managed_identity(GROUP, "a")
        assert simulator.federated_credentials(identity) == []


class TestFrontDoor:
    def test_missing_or_foreign_token_is_refused(self, arm: Arm) -> None:
        for header in ("", "Bearer x.y.z", "Basic abc"):
            answer = arm.get("/subscriptions", headers={"authorization": header})
            assert answer.status_code == 401
            assert answer.headers["x-ms-failure-cause"] == "gateway"

    def test_wrong_secret_is_refused(self, arm: Arm, simulator: Simulator) -> None:
        form = {"client_id": simulator.client_id, "client_secret": "wrong"}
        url = f"{simulator.url}/{simulator.tenant_id}/oauth2/v2.0/token"
        answer = httpx.post(url, data=form, verify=trust(simulator.ca_file))
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")

    def test_not_found_errors(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.resource_group(GROUP)
        unknown = f"/subscriptions/{uuid.uuid4()}/resourceGroups/x"
        expected = {
            arm.cluster_path(): "ResourceNotFound",
            arm.cluster_path(group="absent"): "ResourceGroupNotFound",
            unknown: "SubscriptionNotFound",
            arm.path("providers/Microsoft.Nothing"): "InvalidResourceNamespace",
        }
        codes = {path: arm.get(path).json()["error"]["code"] for path in expected}
        assert codes == expected

    def test_resources_are_deleted_with_group(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, "cluster")
        identity = simulator.seed.managed_identity(GROUP, "a")
        deletion = arm.send("DELETE", f"resourceGroups/{GROUP}")
        assert (deletion.status_code, arm.get(deletion.headers["location"]).status_code) == (202, 200)
        assert arm.get(identity["id"]).json()["error"]["code"] == "ResourceGroupNotFound"
        simulator.seed.resource_group(GROUP)
        assert arm.get(f"resourceGroups/{GROUP}/resources").json()["value"] == []

    def test_providers_register_over_time(self, arm: Arm) -> None:
        path = "providers/Microsoft.ContainerService"
        arm.send("POST", f"{path}/unregister")
        states = [arm.get(path).json()["registrationState"]]
        states.append(arm.send("POST", f"{path}/register").json()["registrationState"])
        arm.clock.advance(30)
        states.append(arm.get(path).json()["registrationState"])
        assert states == ["NotRegistered", "Registering", "Registered"]

    def test_graph_finds_principal_by_either_id(self, arm: Arm, simulator: Simulator) -> None:
        properties = simulator.seed.managed_identity(GROUP, "a")["properties"]
        condition = f"servicePrincipalNames/any(c:c eq '{properties['clientId']}')"
        (found,) = arm.get("/graph/v1.0/servicePrincipals", query={"$filter": condition}).json()["value"]
        assert found["id"] == properties["principalId"]
        body = {"ids": [properties["principalId"], str(uuid.uuid4())], "types": ["servicePrincipal"]}
        found = arm.send("POST", "/graph/v1.0/directoryObjects/getByIds", body).json()["value"]
        assert [item["appId"] for item in found] == [properties["clientId"]]


class TestPythonInterface:
    def test_reset_keeps_only_sign_ins(self, arm: Arm, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, "cluster")
        simulator.settings.etags = False
        simulator.faults.fail_operation("a", "b")
        settings, faults, requests = simulator.settings, simulator.faults, simulator.requests
        simulator.reset()
        assert (simulator.settings, simulator.faults) == (settings, faults)
        assert settings.etags
        assert requests.all() == []
        assert arm.get(f"resourceGroups/{GROUP}").status_code == 404
        with pytest.raises(KeyError):
            simulator.cluster(GROUP, "cluster")

    def test_request_log_without_secrets(self, arm: Arm, simulator: Simulator) -> None:
        arm.put(f"resourceGroups/{GROUP}", {"location": "eastus"}, headers={"X-Custom": "1"})
        (logged,) = simulator.requests.matching("put", "RESOURCEGROUPS")
        assert (logged.status, logged.body) == (201, {"location": "eastus"})
        assert logged.response["name"] == GROUP
        assert logged.query["api-version"]
        assert logged.headers["x-custom"] == "1"
        assert "authorization" not in logged.headers

    def test_returned_cluster_is_copy(self, simulator: Simulator) -> None:
        simulator.seed.cluster(GROUP, "cluster")["properties"].clear()
        simulator.cluster(GROUP, "cluster")["properties"].clear()
        assert simulator.cluster(GROUP, "cluster")["properties"]

    def test_seeded_body_is_unchanged(self, arm: Arm, simulator: Simulator) -> None:
        body = simulator.seed.cluster(GROUP, "cluster")
        body["properties"]["kubernetesVersion"] = "1.25.1"
        simulator.seed.cluster(GROUP, "cluster", body=body)
        assert arm.cluster() == body

    def test_stop_deletes_certificates(self) -> None:
        simulator = Simulator()
        simulator.start()
        ca_file = simulator.ca_file
        assert ca_file.exists()
        simulator.stop()
        assert not ca_file.exists()

    def test_stop_does_not_wait_for_idle_clients(self, caplog: pytest.LogCaptureFixture) -> None:
        with Simulator() as other, Arm(other, ManualClock()) as idle:
            idle.get("/subscriptions")
            other.stop()
        assert [record.getMessage() for record in caplog.records if "timeout" in record.getMessage()] == []

    def test_command_serves_until_terminated(self, tmp_path: Path) -> None:
        ready = tmp_path / "ready.json"
        command = [sys.executable, "-m", "azure_simulator", "--scale", "0.1", "--ready-file", str(ready)]
        checkout = Path(__file__).resolve().parents[2]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, cwd=checkout, preexec_fn=child_setup()
        ) as process:
            assert process.stdout is not None
            printed = json.loads(process.stdout.readline())
            assert set(printed) == {*("url", "ca_file", "tenant_id", "subscription_id", "client_id", "client_secret")}
            answer = httpx.get(f"{printed['url']}/subscriptions", verify=trust(printed["ca_file"]))
            process.send_signal(signal.SIGTERM)
        assert json.loads(ready.read_text()) == printed
        assert (answer.status_code, process.returncode) == (401, 0)
