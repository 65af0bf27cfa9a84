# SPDX-License-Identifier: MIT
"""Identity bindings over HTTP, and the federated credential that AKS creates."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from azure_simulator import AZURE_LIMITS, Simulator
from azure_simulator.resources.federated_credentials import MAXIMUM
from tests.support.arm import CLUSTER, GROUP, Arm

READY: dict[str, Any] = {
    "oidcIssuerProfile": {"enabled": True, "issuerURL": "https://issuer"},
    "securityProfile": {"workloadIdentity": {"enabled": True}},
}


@pytest.fixture
def ready(simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, **READY)


@pytest.fixture
def identity(simulator: Simulator) -> dict[str, Any]:
    return simulator.seed.managed_identity(GROUP, "app")


def path(arm: Arm, name: str = "", cluster: str = CLUSTER) -> str:
    return f"{arm.cluster_path(cluster)}/identityBindings/{name}".rstrip("/")


def bind(arm: Arm, identity: dict[str, Any], name: str = "app", **options: Any) -> httpx.Response:
    options.setdefault("cluster", CLUSTER)
    body = {"properties": {"managedIdentity": {"resourceId": identity["id"]}}}
    return arm.put(path(arm, name, options.pop("cluster")), body, **options)


def state(arm: Arm, name: str = "app") -> str:
    return str(arm.get(path(arm, name)).json()["properties"]["provisioningState"])


@pytest.mark.usefixtures("ready")
class TestLifeCycle:
    def test_created_binding_shows_ids_and_issuer(
        self, arm: Arm, simulator: Simulator, identity: dict[str, Any]
    ) -> None:
        created = bind(arm, identity)
        assert (created.status_code, created.json()["properties"]["provisioningState"]) == (201, "Creating")
        poll = created.headers["azure-asyncoperation"]
        assert arm.get(poll).json()["status"] == "InProgress"
        arm.clock.advance(simulator.durations.identity_binding)

        assert arm.get(poll).json()["status"] == "Succeeded"
        shown, ids = arm.get(path(arm, "APP")).json(), identity["properties"]
        assert shown["properties"] == {
            "managedIdentity": {
                "resourceId": identity["id"],
                "objectId": ids["principalId"],
                "clientId": ids["clientId"],
                "tenantId": simulator.tenant_id,
            },
            "oidcIssuer": {
                "oidcIssuerUrl": f"https://ib.oic.prod-aks.azure.com/{simulator.tenant_id}/{ids['clientId']}"
            },
            "provisioningState": "Succeeded",
        }
        assert shown["eTag"] != created.json()["eTag"]
        assert arm.get(path(arm)).json()["value"] == [shown] == simulator.identity_bindings(GROUP, CLUSTER)

    def test_delete_is_asynchronous(self, arm: Arm, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        arm.settle()
        deleted = arm.send("DELETE", path(arm, "app"))
        assert (deleted.status_code, state(arm)) == (202, "Deleting")
        arm.settle()
        assert arm.get(deleted.headers["location"]).status_code == 204
        assert arm.get(path(arm, "app")).status_code == 404
        assert arm.send("DELETE", path(arm, "app")).status_code == 204

    def test_equal_binding_is_kept(self, arm: Arm, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        arm.settle()
        assert bind(arm, identity).status_code == 200

    def test_binding_is_busy_during_operation(self, arm: Arm, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        assert bind(arm, identity).json()["code"] == "OperationNotAllowed"
        assert arm.send("DELETE", path(arm, "app")).status_code == 409

    def test_binding_is_deleted_with_cluster(self, arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        arm.send("DELETE", arm.cluster_path())
        arm.settle()
        assert arm.get(path(arm, "app")).status_code == 404

    def test_failed_operation_leaves_binding_failed(
        self, arm: Arm, simulator: Simulator, identity: dict[str, Any]
    ) -> None:
        simulator.faults.add_known("AuthorizationFailed", "operation")
        poll = bind(arm, identity).headers["azure-asyncoperation"]
        arm.settle()
        assert arm.get(poll).json()["error"]["code"] == "AuthorizationFailed"
        assert state(arm) == "Failed"

    def test_conditional_requests(self, arm: Arm, identity: dict[str, Any]) -> None:
        assert bind(arm, identity, headers={"if-match": "*"}).status_code == 412
        assert bind(arm, identity, headers={"if-none-match": "*"}).status_code == 201
        arm.settle()
        assert bind(arm, identity, headers={"if-none-match": "*"}).status_code == 412
        assert bind(arm, identity, headers={"if-match": "other"}).json()["code"] == "EtagMismatch"
        etag = arm.get(path(arm, "app")).json()["eTag"]
        assert bind(arm, identity, headers={"if-match": f'"{etag}"'}).status_code == 200

    def test_service_without_etags(self, arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
        simulator.settings.etags = False
        assert "eTag" not in bind(arm, identity).json()

    def test_requests_share_bucket_of_other_requests(
        self, arm: Arm, simulator: Simulator, identity: dict[str, Any]
    ) -> None:
        simulator.limits = AZURE_LIMITS
        statuses = [arm.get(path(arm)).status_code for _ in range(61)]
        assert statuses == [200] * 60 + [429]
        assert arm.cluster()["name"] == CLUSTER


@pytest.mark.usefixtures("ready")
class TestCredential:
    def names(self, simulator: Simulator, identity: dict[str, Any]) -> list[str]:
        return [each["name"] for each in simulator.federated_credentials(identity["id"])]

    def test_credential_is_shared_by_clusters_and_kept(
        self, arm: Arm, simulator: Simulator, identity: dict[str, Any]
    ) -> None:
        simulator.seed.cluster(GROUP, "other", **READY)
        bind(arm, identity)
        bind(arm, identity, cluster="other")
        assert self.names(simulator, identity) == []
        arm.settle()
        issuers = {
            each["properties"]["oidcIssuer"]["oidcIssuerUrl"]
            for cluster in (CLUSTER, "other")
            for each in simulator.identity_bindings(GROUP, cluster)
        }
        assert self.names(simulator, identity) == ["aks-identity-binding"]
        assert issuers == {simulator.federated_credentials(identity["id"])[0]["properties"]["issuer"]}
        for cluster in (CLUSTER, "other"):
            arm.send("DELETE", path(arm, "app", cluster))
        arm.settle()
        assert self.names(simulator, identity) == ["aks-identity-binding"]

    def test_credential_counts_towards_limit(self, arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
        for number in range(MAXIMUM):
            simulator.seed.federated_credential(identity["id"], f"name{number}", "https://issuer", str(number))
        bind(arm, identity)
        arm.settle()
        assert state(arm) == "Failed"


@pytest.mark.usefixtures("ready")
class TestRefusal:
    def test_managed_identity_is_immutable(self, arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        arm.settle()
        refused = bind(arm, simulator.seed.managed_identity(GROUP, "other"))
        assert (refused.status_code, refused.json()["code"]) == (400, "PropertyChangeNotAllowed")

    def test_second_binding_of_managed_identity_is_refused(self, arm: Arm, identity: dict[str, Any]) -> None:
        bind(arm, identity)
        assert bind(arm, identity, "another").status_code == 409

    def test_managed_identity_must_exist(self, arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
        simulator.remove_managed_identity(identity["id"])
        assert bind(arm, identity).status_code == 400

    @pytest.mark.parametrize(
        ("properties", "message"),
        [
            ({**READY, "oidcIssuerProfile": {"enabled": False}}, "OIDC issuer"),
            ({**READY, "securityProfile": {}}, "workload identity"),
            ({**READY, "apiServerAccessProfile": {"enableVnetIntegration": True}}, "VNet integration"),
        ],
    )
    def test_unsupported_cluster(
        self, arm: Arm, simulator: Simulator, identity: dict[str, Any], properties: dict[str, Any], message: str
    ) -> None:
        simulator.seed.cluster(GROUP, "other", **properties)
        refused = bind(arm, identity, cluster="other")
        assert refused.status_code == 400
        assert message in refused.json()["message"]


@pytest.mark.usefixtures("ready")
def test_seeded_binding_has_given_state(arm: Arm, simulator: Simulator, identity: dict[str, Any]) -> None:
    simulator.seed.identity_binding(GROUP, CLUSTER, "app", identity["id"], state="Failed")
    assert state(arm) == "Failed"
    with pytest.raises(KeyError):
        simulator.seed.identity_binding(GROUP, "none", "app", identity["id"])
