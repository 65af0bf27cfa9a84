# SPDX-License-Identifier: MIT
"""Test what commands write to standard output and to standard error."""

from __future__ import annotations

import json
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from azext_podidentity._help import HELP
from azure_simulator import Simulator
from tests.support import entry_files, workload_manifests
from tests.support.azure_cli import (
    CLUSTER,
    CLUSTER_PATH,
    GROUP,
    ON_CLUSTER,
    OPERATION_PATH,
    POD_IDENTITY,
    AzureCli,
    Result,
    signal_at,
)
from tests.support.cluster_state import busy_when_read, pod_exception, seed_entries, takes
from tests.support.entry_files import binding
from tests.support.workload_manifests import workload

READING = {
    "list": f"list {ON_CLUSTER}",
    "show": f"show {POD_IDENTITY} --name app",
    "check": f"check {ON_CLUSTER}",
    "export": f"export {ON_CLUSTER}",
    "migrate": f"migrate {ON_CLUSTER} --workloads {{workloads}}",
    "exception list": f"exception list {ON_CLUSTER}",
    "list-clusters": "list-clusters",
    "exception show": f"exception show {POD_IDENTITY} --name agents",
}
CHANGING = {
    "add": f"add {POD_IDENTITY} --name new --identity-resource-id {{identity}}",
    "update": f"update {POD_IDENTITY} --name app --binding-selector x",
    "apply": f"apply {ON_CLUSTER} --file {{file}}",
    "delete": f"delete {POD_IDENTITY} --name app",
    "exception add": f"exception add {POD_IDENTITY} --name new --pod-labels app=x",
    "exception update": f"exception update {POD_IDENTITY} --name agents --pod-labels app=x",
    "exception delete": f"exception delete {POD_IDENTITY} --name agents",
}
COMMANDS = {**READING, **CHANGING}
DEPRECATION = "The pod identity add-on is deprecated"
# What each command tells besides its result, on standard error.
TOLD = {
    "add": [DEPRECATION],
    "apply": [DEPRECATION],
    "delete": ["The cluster identity keeps its role"],
    "list-clusters": ["1 cluster"],
}
# What can be picked from the result of a command, and what that is.
QUERIES = {
    "check": ("[?severity=='info'].check | [0]", "deprecation"),
    "apply": ("added[].name", "new"),
    "migrate": ("credentials[].subject", "system:serviceaccount:my-app:web"),
}
each_command = pytest.mark.parametrize("name", COMMANDS)


@pytest.fixture
def seed(simulator: Simulator, tmp_path: Path) -> Callable[[str], str]:
    """Gives the command of a name; the cluster is one on which it succeeds."""
    seed_entries(simulator, "app", exceptions=[pod_exception("agents", {"app": "old"})])
    identity = simulator.seed.managed_identity(GROUP, "new")
    file = entry_files.write(tmp_path, [binding(identity)])
    workloads = workload_manifests.write(tmp_path / "web.yaml", workload("web", "app", account="web"))
    return lambda name: f"aks pod-identity {COMMANDS[name]}".format(
        identity=identity["id"], file=file, workloads=workloads
    )


def test_every_command_but_wait_is_listed() -> None:
    commands = {name for name, text in HELP.items() if "type: command" in text}
    assert {f"aks pod-identity {name}" for name in (*COMMANDS, "wait")} == commands


@each_command
def test_stdout_is_json(az: AzureCli, seed: Callable[[str], str], name: str) -> None:
    result = az(f"{seed(name)} --output json").ok()

    assert json.loads(result.stdout)
    told = TOLD.get(name, [])
    assert len(result.warnings) == len(told), result.stderr
    assert all(text in warning for text, warning in zip(told, result.warnings, strict=True)), result.stderr
    other = [line for line in result.stderr.splitlines() if line and not line.startswith("WARNING: ")]
    assert other == []


@each_command
def test_only_show_errors_silences_stderr(az: AzureCli, seed: Callable[[str], str], name: str) -> None:
    result = az(f"{seed(name)} --only-show-errors --output table").ok()

    assert result.stderr == ""
    if name in ("delete", "exception delete"):  # it was the only one
        assert result.stdout.strip() == ""
    else:
        _, rule, *rows = result.stdout.splitlines()
        assert set(rule) == {"-", " "}
        assert rows


@pytest.mark.parametrize("name", QUERIES)
def test_documented_queries(az: AzureCli, seed: Callable[[str], str], name: str) -> None:
    query, wanted = QUERIES[name]

    assert az(f'{seed(name)} --query "{query}" --output tsv').ok().stdout.split() == [wanted]


def test_only_show_errors_shows_error(az: AzureCli, simulator: Simulator) -> None:
    seed_entries(simulator)

    assert az(f"aks pod-identity show {POD_IDENTITY} --name x --only-show-errors").failed(3).startswith("ERROR: ")


def test_change_output_equals_aks_show(az: AzureCli, seed: Callable[[str], str]) -> None:
    printed = [az(seed("add")).ok().json]
    printed.append(az(f"aks pod-identity {COMMANDS['exception add']}").ok().json)

    assert printed[1] == az(f"aks show --resource-group {GROUP} --name {CLUSTER}").ok().json
    assert printed[0].keys() == printed[1].keys()


@pytest.mark.parametrize("output", ["tsv", "yaml", "table", "jsonc"])
def test_other_output_formats(az: AzureCli, seed: Callable[[str], str], output: str) -> None:
    entry = az(f"{seed('show')} --output {output}").ok().stdout

    assert "app" in entry
    if output == "yaml":
        assert yaml.safe_load(entry)["name"] == "app"
    if output == "tsv":
        assert len(entry.splitlines()) == 1


def test_short_wait_shows_nothing(az: AzureCli, simulator: Simulator, seed: Callable[[str], str]) -> None:
    command = seed("exception delete")
    takes(simulator, pod_identity=1.2)
    busy_when_read(simulator, 1.0)

    result = az(command).ok()

    assert isinstance(result.json, dict)
    assert result.stderr == ""


@pytest.mark.parametrize("name", ["add", "delete"])
def test_debug_output_has_no_secret(az: AzureCli, simulator: Simulator, seed: Callable[[str], str], name: str) -> None:
    token = az("account get-access-token --query accessToken --output tsv").ok().stdout.strip()
    command = seed(name)

    result = az(f"{command} --debug").ok()

    assert "Request URL" in result.stderr
    assert simulator.client_secret not in result.stderr
    assert token not in result.stderr
    assert not re.search(r"Bearer [A-Za-z0-9._-]{20,}", result.stderr)


def interrupted(az: AzureCli, simulator: Simulator, command: str, path: str) -> Result:
    """Return what the command left that got Ctrl-C at its first GET of the path."""
    result = signal_at(az, simulator, command, "GET", path, signal.SIGINT)
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr
    return result


def test_interrupt_without_traceback(az: AzureCli, simulator: Simulator, seed: Callable[[str], str]) -> None:
    command = seed("delete")
    takes(simulator, pod_identity=600)

    result = interrupted(az, simulator, command, OPERATION_PATH)

    assert "azext_podidentity" not in result.stderr
    assert result.stdout == ""


def test_interrupt_while_waiting_for_other_operation(
    az: AzureCli, simulator: Simulator, seed: Callable[[str], str]
) -> None:
    command = seed("delete")
    takes(simulator)
    busy_when_read(simulator, 600)

    interrupted(az, simulator, command, CLUSTER_PATH)

    assert not simulator.requests.matching("PUT")


def test_unexpected_option_shows_example(az: AzureCli, simulator: Simulator) -> None:
    message = az(f"aks pod-identity list {ON_CLUSTER} --colour").failed(2)

    assert "unrecognized arguments: --colour" in message
    assert simulator.requests.all() == []


def test_error_is_one_message(az: AzureCli, simulator: Simulator, cluster: dict[str, Any]) -> None:
    message = az(f"aks pod-identity show {POD_IDENTITY} --name x").failed(3)

    assert message.count("ERROR:") == 1
    assert message.count("does not exist") == 1
