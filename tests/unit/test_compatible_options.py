# SPDX-License-Identifier: MIT
"""Prefixes of options mean the same as in aks-preview."""

from __future__ import annotations

import argparse

import pytest
from azure.cli.core.azclierror import UnrecognizedArgumentError

from azext_podidentity._compatible_options import _validate_no_name
from tests.support.az_parser import AzParser

ON = "--resource-group rg --cluster-name c"
CLUSTER = "az aks pod-identity list --resource-group rg"
ADD = "az aks pod-identity add --resource-group rg --cluster-name c --namespace my-app"
UPDATE = f"az aks pod-identity update {ON} --namespace my-app --name x"
APPLY = f"az aks pod-identity apply {ON} --file entries.yaml"


@pytest.mark.parametrize("length", range(len("--c"), len("--cluster-name")))
def test_cluster_name_prefixes(az: AzParser, length: int) -> None:
    prefix = "--cluster-name"[:length]
    parsed = az.parse([*CLUSTER.split(), prefix, "c"])
    assert (parsed.cluster if prefix == "--cluster" else parsed.cluster_name) == "c"


@pytest.mark.parametrize("prefix", ["--i", "--id", "--ide", "--identity-resource-i"])
def test_identity_resource_id_prefixes(az: AzParser, prefix: str) -> None:
    assert az.parse([*ADD.split(), prefix, "/an/id"]).identity_resource_ids == ["/an/id"]
    assert az.parse([*UPDATE.split(), prefix, "/an/id"]).identity_resource_id == "/an/id"


def test_identity_resource_id_is_required(az: AzParser) -> None:
    with pytest.raises(AssertionError, match="--identity-resource-id"):
        az.parse(ADD.split())


@pytest.mark.parametrize("command", [APPLY, *(f"az aks pod-identity {verb} {ON}" for verb in ("check", "migrate"))])
def test_name_is_not_prefix_of_namespace(az: AzParser, command: str) -> None:
    with pytest.raises(UnrecognizedArgumentError):
        _validate_no_name(az.parse([*command.split(), "--name", "x"]))
    without: argparse.Namespace = az.parse(command.split())
    _validate_no_name(without)
    assert not hasattr(without, "no_name")
