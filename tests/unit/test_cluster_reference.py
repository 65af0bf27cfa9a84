# SPDX-License-Identifier: MIT

from __future__ import annotations

import pytest
from azure.cli.core.azclierror import (
    InvalidArgumentValueError,
    MutuallyExclusiveArgumentError,
    RequiredArgumentMissingError,
)
from knack.validators import DefaultStr

from azext_podidentity.profile.cluster_reference import ClusterReference, resolve_cluster

ID = "/subscriptions/s1/resourceGroups/rg/providers/Microsoft.ContainerService/managedClusters/cluster"
NAMED = ClusterReference("rg", "cluster", "s1")


@pytest.mark.parametrize("resource_id", [ID, ID.lower(), f"{ID}/"])
def test_resource_id_alone(resource_id: str) -> None:
    assert resolve_cluster(resource_id, None, None) == NAMED


@pytest.mark.parametrize("options", [("cluster", "rg", None), (None, "rg", "cluster"), ("cluster", "rg", "Cluster")])
def test_name_with_resource_group(options: tuple[str | None, ...]) -> None:
    assert resolve_cluster(*options) == ClusterReference("rg", "cluster")


def test_matching_id_and_options_ignore_case() -> None:
    assert resolve_cluster(ID, "RG", "CLUSTER", "S1") == NAMED


def test_resource_id_overrides_configured_defaults() -> None:
    assert resolve_cluster(ID, DefaultStr("other"), None, DefaultStr("s2")) == NAMED


@pytest.mark.parametrize(
    ("cluster", "options", "option"),
    [
        (ID, ("other", None), "--resource-group"),
        (ID, (None, "other"), "--cluster-name"),
        (ID, (None, None, "s2"), "--subscription"),
        ("cluster", ("rg", "other"), "--cluster-name"),
    ],
)
def test_contradicting_options_are_refused(cluster: str, options: tuple[str | None, ...], option: str) -> None:
    with pytest.raises(MutuallyExclusiveArgumentError, match=option):
        resolve_cluster(cluster, *options)


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ((None, None, None), ["--resource-group/-g", "--cluster-name"]),
        ((None, "rg", None), ["--cluster-name"]),
        (("cluster", None, None), ["--resource-group/-g"]),
        (("", "rg", None), ["--cluster-name"]),
    ],
)
def test_missing_options_are_named(options: tuple[str | None, ...], missing: list[str]) -> None:
    with pytest.raises(RequiredArgumentMissingError) as refused:
        resolve_cluster(*options)
    assert refused.value.error_msg.rpartition(": ")[2] == f"{', '.join(missing)}."


@pytest.mark.parametrize(
    "bad", [f"{ID}/agentPools/a", ID.replace("managedClusters", "fleets"), "rg/cluster", f"{ID}\n"]
)
def test_foreign_resource_id_error_shows_example(bad: str) -> None:
    with pytest.raises(InvalidArgumentValueError) as refused:
        resolve_cluster(bad, None, None)
    assert "managedClusters/myAKSCluster" in str(refused.value.recommendations)
