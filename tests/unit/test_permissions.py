# SPDX-License-Identifier: MIT
"""The permissions page covers every command, and its check finds missing actions."""

from __future__ import annotations

import pytest

from tests.support.az_parser import AzParser
from tests.support.permissions import PAGE, documented_commands, needed_action, undocumented

GROUP = "https://management.azure.com/subscriptions/s/resourceGroups/g/providers"
CLUSTER = f"{GROUP}/Microsoft.ContainerService/managedClusters/c"
IDENTITY = f"{GROUP}/Microsoft.ManagedIdentity/userAssignedIdentities/i"
ACTIONS = {
    ("GET", CLUSTER): "microsoft.containerservice/managedclusters/read",
    ("POST", f"{CLUSTER}/runCommand?api-version=1"): "microsoft.containerservice/managedclusters/runcommand/action",
    ("POST", "https://host/providers/Microsoft.ResourceGraph/resources"): "microsoft.resourcegraph/resources/read",
    ("PUT", f"{IDENTITY}/providers/Microsoft.Authorization/roleAssignments/a"): (
        "microsoft.authorization/roleassignments/write"
    ),
    ("GET", "https://host/subscriptions/s/providers/Microsoft.ContainerService"): (
        "microsoft.resources/subscriptions/providers/read"
    ),
}


def test_every_command_has_row(az: AzParser) -> None:
    own = {name.removeprefix("aks pod-identity ") for name in az.own_commands if "pod-identity" in name}
    assert documented_commands() == own


@pytest.mark.parametrize("request_line", ACTIONS, ids=ACTIONS.values())
def test_action_of_request(request_line: tuple[str, str]) -> None:
    assert needed_action(*request_line) == ACTIONS[request_line]


def test_undocumented_action_is_found() -> None:
    write = [("PUT", CLUSTER)]
    assert undocumented("aks pod-identity list --cluster-name c", write) == [
        "microsoft.containerservice/managedclusters/write"
    ]
    assert undocumented("aks pod-identity migrate --cluster-name c --approve", write) == []
    assert undocumented("aks pod-identity migrate --cluster-name c", write) != []
    assert undocumented("aks create --name c", write) == []
    without = PAGE.read_text("utf-8").replace("`roleAssignments/write`", "")
    grant = [("PUT", f"{IDENTITY}/providers/Microsoft.Authorization/roleAssignments/a")]
    assert undocumented("aks pod-identity add --cluster-name c", grant) == []
    assert undocumented("aks pod-identity add --cluster-name c", grant, without) != []
