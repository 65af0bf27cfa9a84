# SPDX-License-Identifier: MIT
"""Test that errors of `az aks update` unrelated to pod identity equal those without the extension."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from azure_simulator import Fault, Simulator
from development.paths import NEWEST, Host
from tests.support import aks_preview_stand_in
from tests.support.azure_cli import CLUSTER, CLUSTER_PATH, GROUP, AzureCli
from tests.support.cluster_state import seed_entries
from tests.support.forked_az import ForkedAz

UPDATE = f"aks update --resource-group {GROUP} --name {CLUSTER} --tags a=b"
SUBNET = "/subscriptions/s/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/v/subnets/a"
CLIENT = "The client 'me' with object id '00000000-0000-0000-0000-000000000001'"
REFUSALS = [
    (
        403,
        "LinkedAuthorizationFailed",
        f"{CLIENT} has permission to perform action 'Microsoft.ContainerService/managedClusters/write' on scope 'c'; "
        "however, it does not have permission to perform action(s) 'Microsoft.Network/virtualNetworks/subnets/join/"
        f"action' on the linked scope(s) '{SUBNET}' (respectively) or the linked scope(s) are invalid.",
    ),
    (403, "AuthorizationFailed", f"{CLIENT} does not have authorization to perform action 'x' over scope 'y'."),
    (403, "RequestDisallowedByPolicy", "Resource 'cluster' was disallowed by policy."),
    (409, "ScopeLocked", "The scope '/subscriptions/s' cannot perform write operation because it is locked."),
    (409, "OperationNotAllowed", "Operation is not allowed: Another operation (Updating) is in progress."),
    (
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Network/virtualNetworks/v' under resource group 'net' was not found.",
    ),
    (400, "ResourceGroupNotFound", "Resource group 'logs' could not be found."),
    (400, "QuotaExceeded", "Operation could not be completed as it results in exceeding approved quota."),
    (400, "K8sVersionNotSupported", "Managed cluster is on version 1.27.3, which is not supported in this region."),
    (412, "EtagMismatch", "The ETag of the request does not match."),
    (401, "InvalidAuthenticationTokenTenant", "The access token is from the wrong issuer."),
]


@pytest.fixture(scope="module")
def _without_extension(
    logged_in: Callable[[Host], AzureCli], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ForkedAz]:
    folder = tmp_path_factory.mktemp("without")
    (folder / "none").mkdir()
    environment = aks_preview_stand_in.copy_of(logged_in(NEWEST), folder / "none", folder / "az")
    with ForkedAz(NEWEST, environment) as cli:
        yield cli


@pytest.mark.parametrize(("status", "code", "message"), REFUSALS, ids=[code for _, code, _ in REFUSALS])
def test_refusal_as_without_extension(
    az: AzureCli, _without_extension: ForkedAz, simulator: Simulator, status: int, code: str, message: str
) -> None:
    seed_entries(simulator, "app")
    reports = []
    for cli in (az, _without_extension):
        simulator.faults.add(Fault("PUT", CLUSTER_PATH, times=9, status=status, code=code, message=message))
        result = cli(UPDATE)
        reports.append((result.exit_code, result.stdout, _words(result.stderr)))
        simulator.faults.clear()

    with_extension, without = reports
    assert code in without[2]
    assert with_extension == without


def _words(stderr: str) -> str:
    """Return standard error without az's notice of the extension, and without IDs of requests."""
    lines = [line for line in stderr.splitlines() if "altered by the following extension" not in line]
    return re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", "\n".join(lines)).strip()
