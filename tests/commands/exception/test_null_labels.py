# SPDX-License-Identifier: MIT
"""Test exceptions that early versions of the service stored with `podLabels: null`, and now refuse."""

from __future__ import annotations

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.cluster_state import exceptions, pod_exception, seed_entries

HOST = f"--resource-group {GROUP} --name {CLUSTER}"
NULL = pod_exception("null", None)
SCALE = f"aks scale {HOST} --node-count 5"


def test_host_update_fills_null_labels(each_az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, "app", exceptions=[NULL, pod_exception("more", None)])

    each_az(f"aks update {HOST} --tags team=shop").ok()

    assert [each["podLabels"] for each in exceptions(simulator).values()] == [{}, {}]


def test_check_command_lets_host_scale(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[NULL, pod_exception("more", None)])
    assert "podLabels" in az(SCALE).failed()

    checked = az(f"aks pod-identity check {ON_CLUSTER}").ok().json
    blocking = next(each for each in checked if each["check"] == "exception-null-labels")
    az(blocking["command"].removeprefix("az ")).ok()

    az(SCALE).ok()


def test_reconciling_update_repairs_service_exception(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator, exceptions=[pod_exception("aks-addon-exception", None, "kube-system")])

    checked = az(f"aks pod-identity check {ON_CLUSTER}").ok().json
    (blocking,) = (each for each in checked if each["check"] == "exception-null-labels")
    az(blocking["command"].removeprefix("az ")).ok()

    assert [each["podLabels"] for each in exceptions(simulator).values()] == [{}]
