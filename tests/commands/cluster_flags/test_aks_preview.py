# SPDX-License-Identifier: MIT
"""Test the extension beside aks-preview, in both load orders: `aks create` and `aks update` belong to aks-preview."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azext_podidentity._help import HELP
from azure_simulator import Simulator
from development.paths import NEWEST, Host
from tests.support import aks_preview_stand_in as stand_in
from tests.support.azure_cli import CLUSTER, GROUP, ON_CLUSTER, AzureCli
from tests.support.completion import completions


@pytest.mark.parametrize("verb", ["create", "update"])
def test_cluster_commands_of_aks_preview(beside_aks_preview: AzureCli, verb: str) -> None:
    result = beside_aks_preview(f"aks {verb} --resource-group {GROUP} --enable-pod-identity {stand_in.MARK} x")

    assert result.ok().json == "aks-preview ran"


def test_group_of_extension(
    beside_aks_preview: AzureCli, simulator: Simulator, cluster: dict[str, Any], identity: dict[str, Any]
) -> None:
    add = f"aks pod-identity add {ON_CLUSTER} --namespace my-app --identity-resource-id {identity['id']}"

    added = beside_aks_preview(add).ok().json["podIdentityProfile"]["userAssignedIdentities"]
    shown = beside_aks_preview(f"aks pod-identity show {ON_CLUSTER} --namespace my-app --name app-identity").ok().json
    here = f"{ON_CLUSTER} --subscription {simulator.subscription_id}"
    listed = beside_aks_preview(f"aks pod-identity list {here} --output table").ok().stdout

    assert [entry["name"] for entry in added] == ["app-identity"]
    assert shown["identity"]["resourceId"] == identity["id"]
    assert "app-identity" in listed


@pytest.mark.parametrize("name", [name for name, text in HELP.items() if "type: command" in text])
def test_help_and_arguments_of_extension(beside_aks_preview: AzureCli, name: str) -> None:
    text = beside_aks_preview(f"{name} -h").ok().stdout

    assert stand_in.MARK not in text
    assert "stand-in" not in text


def test_completion_of_extension(beside_aks_preview: AzureCli) -> None:
    offered = completions(beside_aks_preview, "az aks pod-identity add --")

    assert "--skip-role-assignment" in offered
    assert stand_in.MARK not in offered


@pytest.mark.parametrize("verb", ["create", "update"])
def test_cluster_commands_if_aks_preview_is_broken(
    logged_in: Callable[[Host], AzureCli], simulator: Simulator, tmp_path: Path, verb: str
) -> None:
    cli = logged_in(NEWEST)
    environment = stand_in.copy_of(cli, NEWEST.extension_directory, tmp_path / "both")
    stand_in.install_as_wheel(tmp_path / "both" / "extensions", stand_in.BROKEN)
    simulator.seed.cluster(GROUP, CLUSTER, pod_identity=False)
    name = CLUSTER if verb == "update" else "new --network-plugin azure --no-ssh-key"
    broken = AzureCli(cli.az, environment)

    result = broken(f"aks {verb} --resource-group {GROUP} --enable-pod-identity --name {name}").ok()

    assert result.json["podIdentityProfile"]["enabled"] is True
    (warning,) = [each for each in result.warnings if "podidentity" in each]
    assert "az extension update --name aks-preview" in warning


def test_cluster_commands_without_aks_preview(az: AzureCli) -> None:
    assert "--enable-pod-identity-with-kubenet" in az("aks update --help").ok().stdout
    assert "--disable-pod-identity" in az("aks update --help").ok().stdout
