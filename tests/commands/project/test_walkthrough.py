# SPDX-License-Identifier: MIT
"""Run the shell blocks of the documentation pages in order, as printed."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pexpect

from azure_simulator import Simulator
from development.documentation import DOCS
from development.kubernetes_api import kubernetes_api
from development.shell import CLUSTER, GROUP, seed_cluster
from tests.support.azure_cli import AzureCli
from tests.support.processes import PATIENCE, child_setup

ON_CLUSTER = f"--resource-group {GROUP} --cluster-name {CLUSTER}"


def script_of(blocks: list[str], codes: Path) -> str:
    """Return one shell script of all blocks, as later ones use variables of earlier ones; exit codes go to a file."""
    return f'exec 3>"{codes}"\n' + "".join(f'{block}\necho "$?" >&3\n' for block in blocks)


def test_walkthrough_page(az: AzureCli, tmp_path: Path) -> None:
    page = (DOCS / "walkthrough.md").read_text("utf-8")
    blocks = re.findall(r"^([^\n`]*):\n\n```sh\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == page.count("```sh")
    codes = tmp_path / "codes"

    result = subprocess.run(
        ["bash", "-c", script_of([block for _, block in blocks], codes)],
        env=az.shell_environment(),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=child_setup(),
    )

    expected = [int(found[1]) if (found := re.search(r"exit code (\d+)", title)) else 0 for title, _ in blocks]
    assert [int(code) for code in codes.read_text().split()] == expected, result.stderr


def test_migration_page(az: AzureCli, simulator: Simulator, tmp_path: Path) -> None:
    steps = (DOCS / "migration.md").read_text("utf-8").partition("\n## Decisions\n")[0]
    blocks = re.findall(r"^```sh\n(.*?)\n```$", steps, re.MULTILINE | re.DOTALL)
    assert len(blocks) > 8
    check = f"az aks pod-identity check {ON_CLUSTER}"
    checks = [
        f"kubectl get pods,deployments -A -o json | {check} --workloads - > checked.json",
        f"{check} --context {CLUSTER}",
    ]
    with kubernetes_api(tmp_path, CLUSTER) as api:
        seed_cluster(simulator, api, tmp_path)
        environment = az.shell_environment()
        terminal = pexpect.spawn(
            "bash",
            ["-c", script_of([*blocks, *checks], tmp_path / "codes")],
            env={**environment, **api.environment(environment["PATH"])},
            cwd=tmp_path,
            timeout=PATIENCE,
            encoding="utf-8",
            preexec_fn=child_setup(),
        )
        shown = ""
        while terminal.expect([r"\(y/N\)", pexpect.EOF]) == 0:
            shown += str(terminal.before)
            terminal.sendline("y")
        shown += str(terminal.before)
        labels = api.get("Deployment", "web")["spec"]["template"]["metadata"]["labels"]

    expected = [int("--finish" in block) for block in blocks]
    assert [int(code) for code in (tmp_path / "codes").read_text().split()] == [*expected, 0, 0], shown
    assert "Deployment my-app/worker (Labelled)" in shown
    assert labels == {"app": "web", "azure.workload.identity/use": "true"}
    assert {each["severity"] for each in json.loads((tmp_path / "checked.json").read_text())} <= {"info", "warning"}
