# SPDX-License-Identifier: MIT
"""Test that `az aks create` and `az aks update` keep all arguments of the host in every version."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from development.paths import HOSTS, ROOT, Host
from tests.support.azure_cli import AzureCli

OURS = {
    "aks create": {"enable_pod_identity", "enable_pod_identity_with_kubenet"},
    "aks update": {"enable_pod_identity", "enable_pod_identity_with_kubenet", "disable_pod_identity"},
}
SCRIPT = ROOT / "tests" / "support" / "dump_arguments.py"


@pytest.fixture(params=HOSTS, ids=lambda host: host.name)
def dump(
    request: pytest.FixtureRequest, logged_in: Callable[[Host], AzureCli], tmp_path: Path
) -> Callable[[str, bool], Any]:
    """The arguments of a command of one host, with the extension or without."""
    host: Host = request.param
    cli = logged_in(host)

    def of(command: str, with_extension: bool) -> Any:
        extensions = host.extension_directory if with_extension else tmp_path / "none"
        # A configuration of its own: az remembers there which commands the installed extensions have.
        config = tmp_path / ("with" if with_extension else "without")
        environment = {**cli.environment, "AZURE_EXTENSION_DIR": str(extensions), "AZURE_CONFIG_DIR": str(config)}
        output = subprocess.run(
            [str(host.python), str(SCRIPT), command], env=environment, check=True, capture_output=True, text=True
        ).stdout
        return json.loads(output)

    return of


@pytest.mark.parametrize("command", OURS)
def test_host_arguments_unchanged(dump: Callable[[str, bool], Any], command: str) -> None:
    of_host, ours = dump(command, False), dump(command, True)

    assert len(of_host) > 100  # the host's arguments were read indeed
    assert {name: ours.get(name) for name in of_host} == of_host
    assert ours.keys() - of_host.keys() == OURS[command]


@pytest.mark.parametrize("command", OURS)
def test_host_help_unchanged(each_az: AzureCli, tmp_path: Path, command: str) -> None:
    without = AzureCli(each_az.az, {**each_az.environment, "AZURE_EXTENSION_DIR": str(tmp_path)})

    of_host, ours = without(f"{command} --help").ok().stdout, each_az(f"{command} --help").ok().stdout

    missing = _lines(of_host) - _lines(ours)
    assert not missing


def _lines(text: str) -> set[str]:
    """The help text's lines; az breaks and indents them by the longest option, so white space does not count."""
    return {" ".join(line.split()) for line in text.splitlines()}
