# SPDX-License-Identifier: MIT
"""The rate limits of the service."""

from __future__ import annotations

import pytest

from azure_simulator import AZURE_LIMITS, Fault, Simulator
from azure_simulator.clock import ManualClock
from azure_simulator.context import Context
from azure_simulator.limits import Throttle
from tests.support.arm import Arm

S = "/subscriptions/s"
G = f"{S}/resourceGroups/g"
AKS = "providers/Microsoft.ContainerService"
CLUSTERS = f"{AKS}/managedClusters"
IDENTITY = f"{G}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/a"
OPERATION = f"{S}/{AKS}/locations/eastus/operations/none"


@pytest.fixture
def time() -> ManualClock:
    return ManualClock()


@pytest.fixture
def throttle(time: ManualClock) -> Throttle:
    """Return a throttle with Azure's limits, without a server."""
    return Throttle(Context(time), AZURE_LIMITS, lambda *_: "eastus")


@pytest.fixture
def limited(simulator: Simulator, cluster: dict[str, object]) -> None:
    simulator.limits = AZURE_LIMITS


def accepted(throttle: Throttle, method: str, path: str, count: int) -> int:
    """Return how many of `count` simultaneous requests are accepted."""
    return sum(throttle.take(method, path) is None for _ in range(count))


def write(arm: Arm, count: int) -> list[int]:
    """Send `count` invalid writes of the cluster. Return their statuses."""
    return [arm.put(arm.cluster_path(), {}).status_code for _ in range(count)]


class TestBuckets:
    @pytest.mark.parametrize(
        ("method", "path", "burst", "seconds_per_token"),
        [
            ("PUT", f"{G}/{CLUSTERS}/c", 20, 60),
            ("PUT", f"{G}/{CLUSTERS}/c/agentPools/nodepool1", 20, 60),
            ("GET", f"{G}/{CLUSTERS}/c", 60, 1),
            ("GET", f"{G}/{CLUSTERS}", 60, 1),
            ("GET", OPERATION, 200, 0.5),
            ("GET", f"{G}/{CLUSTERS}/c/agentPools", 60, 1),
            ("PUT", IDENTITY, 200, 0.1),
            ("DELETE", IDENTITY, 200, 0.1),
            ("GET", IDENTITY, 250, 0.04),
        ],
    )
    def test_burst_then_single_requests(
        self, throttle: Throttle, time: ManualClock, method: str, path: str, burst: int, seconds_per_token: float
    ) -> None:
        assert accepted(throttle, method, path, burst + 1) == burst
        time.advance(seconds_per_token)
        assert accepted(throttle, method, path, 2) == 1

    def test_subscription_lists_exceed_resource_manager_burst(self, throttle: Throttle, time: ManualClock) -> None:
        path = f"{S}/{CLUSTERS}"
        for _ in range(2):
            assert accepted(throttle, "GET", path, 251) == 250
            time.advance(10)
        # 500 at once, and 20 more in 20 seconds.
        assert accepted(throttle, "GET", path, 21) == 20

    @pytest.mark.parametrize(
        ("method", "one", "other", "count"),
        [
            ("PUT", f"{G}/{CLUSTERS}/c", f"{G}/{CLUSTERS}/other", 20),
            ("GET", OPERATION, OPERATION.replace("eastus", "westus2"), 200),
            ("GET", IDENTITY, IDENTITY.replace(S, "/subscriptions/other"), 250),
        ],
        ids=["cluster", "region", "subscription"],
    )
    def test_buckets_are_separate(self, throttle: Throttle, method: str, one: str, other: str, count: int) -> None:
        assert accepted(throttle, method, one, count + 1) == count
        assert accepted(throttle, method, other, 1) == 1

    def test_buckets_ignore_case(self, throttle: Throttle) -> None:
        accepted(throttle, "PUT", f"{G}/{CLUSTERS}/c", 20)
        assert accepted(throttle, "PUT", f"{G}/{CLUSTERS}/C".upper(), 1) == 0

    def test_other_provider_requests_share_bucket(self, throttle: Throttle) -> None:
        assert accepted(throttle, "GET", f"{G}/{CLUSTERS}/c/agentPools", 60) == 60
        assert accepted(throttle, "POST", f"{G}/{CLUSTERS}/c/runCommand", 1) == 0

    def test_full_bucket_does_not_grow(self, throttle: Throttle, time: ManualClock) -> None:
        time.advance(3600)
        assert accepted(throttle, "PUT", f"{G}/{CLUSTERS}/c", 21) == 20

    def test_resource_manager_error_is_wrapped(self, throttle: Throttle) -> None:
        accepted(throttle, "GET", IDENTITY, 250)
        refusal = throttle.take("GET", IDENTITY)
        assert refusal
        assert (refusal.shape, refusal.failure_cause) == ("front-door", "gateway")
        assert refusal.code == "SubscriptionRequestsThrottled"
        assert "exceeded the limit of '250' for time interval '00:00:10'" in refusal.message


@pytest.mark.usefixtures("limited")
class TestRefusal:
    def test_refused_write_names_handler_and_wait(self, arm: Arm) -> None:
        write(arm, 20)
        arm.clock.advance(20.5)
        response = arm.put(arm.cluster_path(), {})
        assert (response.status_code, response.headers["retry-after"]) == (429, "40")
        assert response.json()["code"] == "Throttled"
        assert response.json()["message"] == (
            "The PutManagedClusterHandler.PUT request limit has been exceeded for SubID="
            f"'{arm.simulator.subscription_id}', please retry again in 40 seconds. "
            "For more information, please visit aka.ms/aks/throttling"
        )

    def test_early_request_gets_new_wait(self, arm: Arm) -> None:
        body = arm.cluster()
        write(arm, 20)
        assert arm.put(arm.cluster_path(), {**body, "tags": {"a": "b"}}).headers["retry-after"] == "60"
        arm.clock.advance(30)
        assert arm.put(arm.cluster_path(), {**body, "tags": {"a": "b"}}).headers["retry-after"] == "30"
        assert "tags" not in arm.cluster()

    def test_invalid_write_takes_token(self, arm: Arm) -> None:
        assert write(arm, 21) == [400] * 20 + [429]

    def test_fault_affects_only_accepted_requests(self, arm: Arm, simulator: Simulator) -> None:
        write(arm, 20)
        simulator.faults.add(Fault("PUT", "managedClusters", status=503))
        assert arm.put(arm.cluster_path(), {}).status_code == 429
        arm.clock.advance(60)
        assert arm.put(arm.cluster_path(), {}).status_code == 503

    def test_scale_shortens_refill(self, arm: Arm, simulator: Simulator) -> None:
        simulator.scale = 0.1
        write(arm, 20)
        assert arm.put(arm.cluster_path(), {}).headers["retry-after"] == "6"
        arm.clock.advance(6)
        assert write(arm, 1) == [400]

    def test_reset_fills_buckets(self, arm: Arm, simulator: Simulator) -> None:
        write(arm, 20)
        simulator.limits = simulator.limits
        assert write(arm, 1) == [400]


@pytest.mark.usefixtures("limited")
class TestStatistics:
    def test_reads_writes_and_refusals_are_counted(self, arm: Arm, simulator: Simulator) -> None:
        arm.cluster()
        write(arm, 22)
        counted = simulator.statistics
        assert (counted.requests, counted.cluster_reads, counted.cluster_writes, counted.throttled) == (23, 1, 22, 2)
        simulator.requests.clear()
        assert simulator.statistics.requests == 0

    @pytest.mark.parametrize(("waited", "early"), [(0, 0), (59, 1), (60, 0)])
    def test_request_before_retry_after_is_early(self, arm: Arm, simulator: Simulator, waited: int, early: int) -> None:
        """A request at the moment of the refusal had already been sent."""
        write(arm, 21)
        arm.clock.advance(waited)
        arm.put(arm.cluster_path(), {})
        assert simulator.statistics.early == early

    def test_other_command_is_not_early(self, arm: Arm, simulator: Simulator) -> None:
        write(arm, 21)
        arm.clock.advance(30)
        arm.put(arm.cluster_path(), {}, headers={"x-ms-client-request-id": "another"})
        assert simulator.statistics.early == 0


def test_simulator_has_limits_by_default() -> None:
    assert Simulator().limits == AZURE_LIMITS
