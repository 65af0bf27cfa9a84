# SPDX-License-Identifier: MIT
"""Command lines of public scripts for aks-preview, which must do here what they do there.

To add the command line of a script, add a row. The cluster has the pod identities `first` and `second` and the
exception `agents` in namespace `my-app`; the managed identity of {new} has no entry, and {file} binds it without a
namespace. `query` is a JMESPath over the JSON that the command prints, or over the cluster afterwards if it prints
none. `message` is a part of standard error.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import jmespath
import pytest

from azure_simulator import Simulator
from tests.support.azure_cli import CLUSTER, GROUP, AzureCli
from tests.support.cluster_state import pod_exception, seed_entries
from tests.support.entry_files import binding, write

ON = f"--resource-group {GROUP} --cluster-name {CLUSTER}"
SHORT = f"-g {GROUP} --cluster-name {CLUSTER} --namespace my-app"
HOST = f"-g {GROUP} -n {CLUSTER}"
NAMES = "podIdentityProfile.userAssignedIdentities[].name"
EXCEPTIONS = "podIdentityProfile.userAssignedIdentityExceptions[].name"
FIRST, NEW = (f"podIdentityProfile.userAssignedIdentities[?name=='{name}'] | [0]" for name in ("first", "new"))
LABELS = "podIdentityProfile.userAssignedIdentityExceptions[?name=='{}'].podLabels | [0]"
ENABLED = "podIdentityProfile.enabled"


class Row(NamedTuple):
    """One command line and what comes of it."""

    command: str
    exit_code: int
    query: str
    expected: object
    message: str = ""


# Commands of the group `az aks pod-identity`.
GROUP_ROWS = [
    Row(f"add {ON} --namespace my-app --name new --identity-resource-id {{new}}", 0, NAMES, ["first", "second", "new"]),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}}", 0, f"{NEW}.namespace", "my-app"),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}}", 0, f"{NEW}.provisioningState", "Assigned"),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}} -o none", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}} --no-wait", 0, NAMES, ["first", "second", "new"]),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}} --only-show-errors", 0, f"{NEW}.name", "new"),
    Row(
        f"add {SHORT} -n new --identity-resource-id {{new}} --binding-selector sel", 0, f"{NEW}.bindingSelector", "sel"
    ),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}} --binding-selector ''", 0, f"{NEW}.bindingSelector", None),
    Row(f"add {SHORT} -n new --identity-resource-id '{{new}}\r'", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n 'new\r' --identity-resource-id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n '' --identity-resource-id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n new --identity-resource-id={{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n new --identity-resource {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n new --id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} -n new --identity-resource-id {{new}} --aks-custom-headers a=b", 0, f"{NEW}.name", "new"),
    Row(f"add {SHORT} --identity-resource-id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {ON} --namespace default --name new --identity-resource-id {{new}}", 0, f"{NEW}.namespace", "default"),
    Row(f"add {SHORT} -n first --identity-resource-id {{first}}", 0, NAMES, ["first", "second"]),
    Row(
        f"add {SHORT} -n first --identity-resource-id {{first}} --binding-selector other",
        *(1, NAMES, ["first", "second"], "az aks pod-identity update"),
    ),
    Row(f"update {SHORT} -n first --binding-selector sel", 0, f"{FIRST}.bindingSelector", "sel"),
    Row(f"update {SHORT} -n absent --binding-selector sel", 3, NAMES, ["first", "second"]),
    Row(f"show {SHORT} -n first", 0, "name", "first"),
    Row(f"show {SHORT} -n absent", 3, NAMES, ["first", "second"]),
    Row(f"apply {ON} --namespace my-app --file {{file}}", 0, "added[].[namespace, name]", [["my-app", "new"]]),
    Row(f"add -g {GROUP} --clus {CLUSTER} --namespace my-app -n new --id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add -g {GROUP} --cluster {CLUSTER} --namespace my-app -n new --id {{new}}", 0, f"{NEW}.name", "new"),
    Row(f"add {ON} -n new --identity-resource-id {{new}}", 2, NAMES, ["first", "second"]),
    Row(f"add {SHORT} -n new", 2, NAMES, ["first", "second"]),
    Row(f"delete {ON} --namespace my-app --name first", 0, NAMES, ["second"]),
    Row(f"delete {SHORT} -n first --no-wait", 0, NAMES, ["second"]),
    Row(f"delete {SHORT} -n absent", 0, NAMES, ["first", "second"], "my-app/first, my-app/second"),
    Row(f"delete {SHORT} -n 'first\r'", 0, NAMES, ["second"]),
    Row(f"delete -g {GROUP} --cluster-n {CLUSTER} --namesp my-app -n first", 0, NAMES, ["second"]),
    Row(f"list {ON}", 0, NAMES, ["first", "second"]),
    Row(f"list {ON} --namespace my-app", 0, NAMES, ["first", "second"]),
    Row(f"list {ON} --namespace other", 0, NAMES, []),
    Row(f"list {ON}", 0, "podIdentityProfile.userAssignedIdentities[0].identity.clientId != null", True),
    Row(f"list {ON} --name first", 0, NAMES, ["first"]),
    Row(f"list -g {GROUP} --clu {CLUSTER} -o json", 0, NAMES, ["first", "second"]),
    Row(f"list -g absent --cluster-name {CLUSTER}", 3, NAMES, ["first", "second"]),
    Row(f"exception add {ON} --namespace my-app --name e --pod-labels app=x", 0, EXCEPTIONS, ["agents", "e"]),
    Row(f"exception add {SHORT} -n e --pod-labels app=x tier=y", 0, LABELS.format("e"), {"app": "x", "tier": "y"}),
    Row(f"exception add {SHORT} -n e --pod-labels app=x app=y", 0, LABELS.format("e"), {"app": "y"}, "'app'"),
    Row(f"exception add {SHORT} -n e --pod-labels ''", 1, EXCEPTIONS, ["agents"], "--pod-labels"),
    Row(
        # Microsoft Learn, "Azure Kubernetes Service backup troubleshooting".
        f"exception add {SHORT} --pod-labels app.kubernetes.io/name=dataprotection-microsoft-kubernetes",
        *(0, f"length({EXCEPTIONS})", 2),
    ),
    Row(f"exception add {SHORT} -n e --pod-labels 'app=x\r'", 0, LABELS.format("e"), {"app": "x"}),
    Row(f"exception update {SHORT} -n agents --pod-labels app=y", 0, LABELS.format("agents"), {"app": "y"}),
    Row(f"exception update {SHORT} -n absent --pod-labels app=y", 3, EXCEPTIONS, ["agents"]),
    Row(f"exception delete {SHORT} -n agents", 0, f"{EXCEPTIONS} || `[]`", []),
    Row(f"exception delete {SHORT} -n absent", 0, EXCEPTIONS, ["agents"], "my-app/agents"),
    Row(f"exception list {ON}", 0, EXCEPTIONS, ["agents"]),
    Row(f"exception list {ON} --namespace other", 0, EXCEPTIONS, []),
    Row(f"exception list {ON} --name agents", 0, EXCEPTIONS, ["agents"]),
    Row(f"exception list {ON} --name absent", 0, EXCEPTIONS, []),
    Row(f"migrate {ON} --name web", 1, NAMES, ["first", "second"], "--name"),
]
# Flags of the host's commands, which are aks-preview's own where it is installed.
CLUSTER_ROWS = [
    Row(f"update {HOST} --enable-pod-identity", 0, NAMES, ["first", "second"]),
    Row(f"update {HOST} --enable-pod-identity --enable-pod-identity-with-kubenet", 0, ENABLED, True),
    Row(f"update {HOST} --enable-pod-identity-with-kubenet", 0, ENABLED, True, "--enable-pod-identity"),
    Row(f"update {HOST} --disable-pod-identity", 0, f"{ENABLED} || `false`", False, "version: 1"),
    Row(f"update {HOST} --disable-pod-identity --yes --no-wait", 0, f"{ENABLED} || `false`", False),
    Row(f"update {HOST} --enable-pod-identity --disable-pod-identity", 1, ENABLED, True),
    Row(f"create -g {GROUP} -n new --enable-pod-identity --network-plugin azure --no-ssh-key", 0, ENABLED, True),
    Row(
        f"create -g {GROUP} -n new --enable-managed-identity --enable-pod-identity --enable-pod-identity-with-kubenet "
        "--network-plugin kubenet --no-ssh-key",
        *(0, "podIdentityProfile.allowNetworkPluginKubenet", True),
    ),
    Row(
        f"create -g {GROUP} -n new --enable-pod-identity --network-plugin kubenet --no-ssh-key",
        *(1, NAMES, ["first", "second"], "--enable-pod-identity-with-kubenet"),
    ),
    Row(
        f"create -g {GROUP} -n new --enable-pod-identity-with-kubenet --network-plugin kubenet --no-ssh-key",
        *(1, NAMES, ["first", "second"], "--enable-pod-identity"),
    ),
]
# The words of the columns of a table, which scripts cut with awk.
TABLES = [
    ("list", [["Name", "Namespace", "ProvisioningState"], *([n, "my-app", "Assigned"] for n in ("first", "second"))]),
    ("exception list", [["Name", "Namespace", "PodLabels"], ["agents", "my-app", "app=agents"]]),
]


# In the good case, one line of standard error at most: `failOnStandardError` of a pipeline may be on.
GOOD_CASES = [
    f"add {SHORT} -n new --identity-resource-id {{new}}",
    f"delete {SHORT} -n first",
    f"exception add {SHORT} -n e --pod-labels app=x",
    f"exception delete {SHORT} -n agents",
]


@pytest.fixture(autouse=True)
def ids(simulator: Simulator, tmp_path: Path) -> dict[str, str]:
    """The resource IDs and the file that rows name."""
    labels = {"tier": "node", "app": "agents"}
    seeded = seed_entries(simulator, "first", "second", exceptions=[pod_exception("agents", labels)])
    new = simulator.seed.managed_identity(GROUP, "new")
    entry = {name: value for name, value in binding(new).items() if name != "namespace"}
    return {"new": new["id"], "first": seeded["first"]["id"], "file": str(write(tmp_path, [entry]))}


def check(az: AzureCli, simulator: Simulator, row: Row, command: str) -> None:
    """Run the command and compare."""
    result = az(command)

    assert result.exit_code == row.exit_code, result.stderr
    assert "Traceback" not in result.stderr
    assert row.message in result.stderr
    printed: Any = result.json if result.stdout.strip() else _as_printed(simulator)
    assert jmespath.search(row.query, printed) == row.expected


def _as_printed(simulator: Simulator) -> Any:
    return dict(simulator.cluster(GROUP, CLUSTER)["properties"])


@pytest.mark.parametrize("row", GROUP_ROWS, ids=lambda row: row.command)
def test_group_commands(each_az: AzureCli, simulator: Simulator, ids: dict[str, str], row: Row) -> None:
    check(each_az, simulator, row, f"aks pod-identity {row.command.format(**ids)}")


@pytest.mark.parametrize("row", CLUSTER_ROWS, ids=lambda row: row.command)
def test_cluster_commands(each_az: AzureCli, simulator: Simulator, row: Row) -> None:
    check(each_az, simulator, row, f"aks {row.command}")


@pytest.mark.parametrize("row", GROUP_ROWS, ids=lambda row: row.command)
def test_group_beside_aks_preview(
    beside_aks_preview: AzureCli, simulator: Simulator, ids: dict[str, str], row: Row
) -> None:
    check(beside_aks_preview, simulator, row, f"aks pod-identity {row.command.format(**ids)}")


@pytest.mark.parametrize(("command", "words"), TABLES)
def test_tables(each_az: AzureCli, command: str, words: list[list[str]]) -> None:
    lines = each_az(f"aks pod-identity {command} {ON} --output table").ok().stdout.splitlines()

    assert [line.split()[: len(words[0])] for line in (lines[0], *lines[2:])] == words


@pytest.mark.parametrize("command", GOOD_CASES)
def test_at_most_one_line_of_stderr(each_az: AzureCli, ids: dict[str, str], command: str) -> None:
    assert len(each_az(f"aks pod-identity {command.format(**ids)}").ok().stderr.splitlines()) <= 1
