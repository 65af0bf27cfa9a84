# SPDX-License-Identifier: MIT
"""Test that the flags of the extension change only the profile in the request body."""

from __future__ import annotations

import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, AzureCli
from tests.support.comparison import written
from tests.support.recorded_clusters import recorded_clusters, seed_recorded, without_recordings

CLUSTERS = recorded_clusters()
UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER}"
CONSENT = "--enable-pod-identity --enable-pod-identity-with-kubenet"


@without_recordings
@pytest.mark.parametrize("name", CLUSTERS)
def test_enable_and_disable_change_only_profile(az: AzureCli, simulator: Simulator, name: str) -> None:
    seed_recorded(simulator, CLUSTERS[name])
    steps = {
        CONSENT: {"enabled": True, "allowNetworkPluginKubenet": True},
        "--disable-pod-identity --yes": {"enabled": False},
    }
    enabled = CLUSTERS[name]["properties"].get("podIdentityProfile", {}).get("enabled")
    for flags, profile in sorted(steps.items(), key=lambda step: step[1]["enabled"], reverse=not enabled):
        simulator.requests.clear()

        az(f"{UPDATE} {flags}").ok()

        (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
        assert put.body["properties"]["podIdentityProfile"].items() >= profile.items()
        sent, read = written(simulator)
        assert sent == read


def test_absent_profile_is_not_sent(each_az: AzureCli, simulator: Simulator) -> None:
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)

    each_az(f"{UPDATE} --enable-pod-identity").ok()

    read = simulator.requests.matching("GET", CLUSTER_PATH)[0].response
    (put,) = simulator.requests.matching("PUT", CLUSTER_PATH)
    assert put.body.keys() <= read.keys()
    assert put.body["properties"].keys() - read["properties"].keys() == {"podIdentityProfile"}
