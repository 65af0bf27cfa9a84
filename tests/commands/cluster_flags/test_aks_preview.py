"""Beside aks-preview, `aks create` and `aks update` are its, the group is ours: whichever az loads last."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from azure_simulator import Simulator
from development.paths import NEWEST, Host
from tests.support import aks_preview_stand_in as stand_in
from tests.support.azure_cli import GROUP, ON_CLUSTER, AzureCli


@pytest.fixture(params=["aks-preview first", "aks-preview last"])
def beside_aks_preview(
    request: pytest.FixtureRequest, simulator: Simulator, logged_in: Callable[[Host], AzureCli], tmp_path: Path
) -> AzureCli:
    """An az with both extensions, in one and in the other order."""
    cli = logged_in(NEWEST)
    extensions, sources, config = tmp_path / "extensions", tmp_path / "sources", tmp_path / "azure"
    shutil.copytree(NEWEST.extension_directory, extensions)
    # Of its own: az remembers there which commands the installed extensions have.
    shutil.copytree(cli.environment["AZURE_CONFIG_DIR"], config)
    environment = {**cli.environment, "AZURE_EXTENSION_DIR": str(extensions), "AZURE_CONFIG_DIR": str(config)}
    if request.param == "aks-preview first":
        stand_in.install_as_wheel(extensions)
    else:
        stand_in.install_for_development(sources)
        environment["AZURE_EXTENSION_DEV_SOURCES"] = str(sources)
    for index in config.glob("*ndex*.json"):
        index.unlink()
    return AzureCli(cli.az, environment)


@pytest.mark.parametrize("verb", ["create", "update"])
def test_the_cluster_commands_are_left_to_it(beside_aks_preview: AzureCli, verb: str) -> None:
    result = beside_aks_preview(f"aks {verb} --resource-group {GROUP} --enable-pod-identity {stand_in.MARK} x")

    assert result.ok().json == "aks-preview ran"


def test_the_group_is_ours(
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


def test_help_and_arguments_of_the_group_are_ours(beside_aks_preview: AzureCli) -> None:
    text = beside_aks_preview("aks pod-identity add --help").ok().stdout

    assert "--skip-role-assignment" in text
    assert stand_in.MARK not in text
    assert "stand-in" not in text


def test_without_it_the_cluster_commands_are_ours(az: AzureCli) -> None:
    assert "--enable-pod-identity-with-kubenet" in az("aks update --help").ok().stdout
    assert "--disable-pod-identity" in az("aks update --help").ok().stdout
