# SPDX-License-Identifier: MIT
"""Open a shell in which az uses a simulated Azure that exists as long as the shell."""

from __future__ import annotations

import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from azure_simulator import Simulator
from development.console import fail, note
from development.demo_workloads import IDENTITY as WEB_IDENTITY
from development.demo_workloads import NAMESPACE, demo_objects
from development.kubernetes_api import KubernetesApi, kubernetes_api
from development.paths import NEWEST
from development.program import run
from development.session import signed_in

GROUP, CLUSTER = "myResourceGroup", "myAKSCluster"
IDENTITY_GROUP, IDENTITY = "myIdentityResourceGroup", "application-identity"

_EMPTY = """
In this shell, az uses a simulated Azure without any cluster. It ends with the shell (exit or Ctrl-D).
The commands of docs/walkthrough.md work here.
"""
_WELCOME = f"""
In this shell, az uses a simulated Azure, which ends with the shell (exit or Ctrl-D). It has the
cluster {CLUSTER} with pod identity enabled and the managed identity {IDENTITY},
whose resource ID is in $IDENTITY_RESOURCE_ID. kubectl shows the workloads of the cluster; nothing
runs them, so no pod is created or replaced. Their manifests are in the folder manifests. Try:

  az aks pod-identity add -g {GROUP} --cluster-name {CLUSTER} \\
      --namespace my-app --identity-resource-id "$IDENTITY_RESOURCE_ID" -o table
  az aks pod-identity list -g {GROUP} --cluster-name {CLUSTER} -o table
  az aks pod-identity delete -g {GROUP} --cluster-name {CLUSTER} \\
      --namespace my-app --name {IDENTITY} --delete-role-assignment -o table
  az aks pod-identity check -g {GROUP} --cluster-name {CLUSTER} --context {CLUSTER} -o table
  az aks pod-identity migrate -g {GROUP} --cluster-name {CLUSTER} -o table
  az aks pod-identity --help
"""
_PROMPT = "(simulated azure) $ "


def main(arguments: list[str]) -> int:
    """Run the given command, or an interactive shell if there is none; return its exit code."""
    empty = arguments[:1] == ["--empty"]
    arguments = arguments[1:] if empty else arguments
    if not arguments and not sys.stdin.isatty():
        fail("./demo shell needs a terminal. Without one: ./demo shell -c 'COMMAND'")
        return 2
    note("Starting the simulated Azure and signing in to it ...")
    with signed_in() as (simulator, environ), kubernetes_api(Path(environ["HOME"]), CLUSTER) as api:
        # kubectl first, and behind it the az of the demo.
        environ.update(api.environment(environ["PATH"]))
        if not empty:
            environ["IDENTITY_RESOURCE_ID"] = seed_cluster(simulator, api, Path(environ["HOME"]))
        if arguments:
            return subprocess.run(["sh", "-c", *arguments], env=environ, cwd=environ["HOME"], check=False).returncode
        note(_EMPTY if empty else _WELCOME)
        return _interactive(environ)


def seed_cluster(simulator: Simulator, api: KubernetesApi, folder: Path) -> str:
    """Create the cluster, its workloads and their manifests; return the resource ID of a free managed identity."""
    simulator.settings.run_command = api.run_in_cluster
    web = simulator.seed.managed_identity(IDENTITY_GROUP, WEB_IDENTITY)
    profile = {"enabled": True, "userAssignedIdentities": [_entry(web)]}
    cluster = simulator.seed.cluster(GROUP, CLUSTER, pod_identity=profile, fqdn=api.host)
    simulator.seed.role_assignment(web["id"], cluster["identity"]["principalId"])
    objects = demo_objects(web)
    api.seed(*objects)
    manifests = folder / "manifests"
    manifests.mkdir()
    for each in objects:
        if each["metadata"].get("namespace") == NAMESPACE and not each["kind"].startswith("Azure"):
            (manifests / f"{each['kind'].lower()}-{each['metadata']['name']}.yaml").write_text(yaml.safe_dump(each))
    return str(simulator.seed.managed_identity(IDENTITY_GROUP, IDENTITY)["id"])


def _entry(identity: Mapping[str, Any]) -> dict[str, Any]:
    names = {"clientId": identity["properties"]["clientId"], "objectId": identity["properties"]["principalId"]}
    bound = {"resourceId": identity["id"], **names}
    return {"name": WEB_IDENTITY, "namespace": NAMESPACE, "bindingSelector": WEB_IDENTITY, "identity": bound}


def _interactive(environ: dict[str, str]) -> int:
    environ = {**environ, "AZURE_CORE_NO_COLOR": "false"}
    # Ctrl-C is for what runs in the shell; a handler, unlike SIG_IGN, is not inherited by it.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    bash = shutil.which("bash")
    if not bash:
        return subprocess.run(
            ["sh", "-i"], env={**environ, "PS1": _PROMPT}, cwd=environ["HOME"], check=False
        ).returncode
    with tempfile.NamedTemporaryFile("w", prefix="podidentity-", suffix=".bashrc") as start:
        completion = shlex.quote(str(NEWEST.az.parent / "az.completion.sh"))
        start.write(f"PS1={_PROMPT!r}\n[ -r {completion} ] && . {completion}\n")
        start.flush()
        return subprocess.run(
            [bash, "--rcfile", start.name, "-i"], env=environ, cwd=environ["HOME"], check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
