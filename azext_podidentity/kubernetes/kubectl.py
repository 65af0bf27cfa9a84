"""Workloads by the kubectl of the machine."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import Any
from urllib.parse import urlsplit

from azure.cli.core.azclierror import ValidationError
from knack.log import get_logger

from azext_podidentity.cli.progress import progress
from azext_podidentity.migration.kubernetes_objects import KUBECTL_GET, KubernetesObject, read_objects
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)

_OTHER_WAYS = (
    "Pass manifests or what kubectl prints elsewhere with --workloads. For a private cluster pass --run-command, which "
    "has the cluster itself run kubectl."
)
_SERVER = ("kubectl", "config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
# The lines of kubectl's own log (klog), which say no more than its last words.
_LOG_LINE = re.compile(r"^[EWI]\d{4} .*\n?", re.MULTILINE)


def get_objects(cli_ctx: Any, cluster: Cluster, context: str | None) -> list[KubernetesObject]:
    """All workloads and service accounts of the cluster that the context of kubectl names, its current one for None.

    Raises ValidationError where there is no kubectl, where its current context is another cluster's, or with its own
    words where it fails. A context that was named may have another address, of a proxy for example: that is told.
    """
    chosen = ("--context", context) if context else ()
    program = shutil.which("kubectl")
    if program is None:
        raise ValidationError("There is no kubectl on this machine to ask for the workloads.", _OTHER_WAYS)
    check_server(cluster, _run(program, (*_SERVER, *chosen)), context)
    command = (*KUBECTL_GET.split(), *chosen)
    with progress(cli_ctx, "Asking kubectl for the workloads"):
        result = _run(program, command)
    if result.returncode:
        said = _LOG_LINE.sub("", result.stderr).strip() or result.stderr.strip()
        raise ValidationError(
            f"kubectl could not tell the workloads (exit code {result.returncode}): {said}\n"
            f"The command was: {shlex.join(command)}",
            _advise_context(cluster.reference),
        )
    return read_objects(result.stdout, "kubectl")


def _run(program: str, command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *command[1:]], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", check=False
        )
    except (OSError, UnicodeDecodeError) as error:
        raise ValidationError(f"{program} cannot be run: {error}", _OTHER_WAYS) from error


def check_server(cluster: Cluster, result: subprocess.CompletedProcess[str], context: str | None) -> None:
    """Compares the address that kubectl told with the cluster's own; raises as `get_objects`."""
    server = urlsplit(result.stdout.strip()).hostname
    if result.returncode or server is None or server in map(str.lower, cluster.api_servers or (server,)):
        return
    name, addresses = cluster.reference.name, " or ".join(cluster.api_servers)
    if context is None:
        raise ValidationError(
            f"The current context of kubectl is a cluster at {server}; cluster {name!r} is at {addresses}.",
            _advise_context(cluster.reference),
        )
    logger.warning("Context %s is a cluster at %s; cluster %s is at %s.", context, server, name, addresses)


def _advise_context(reference: ClusterReference) -> str:
    get_credentials = reference.cluster_command("get-credentials")
    return f"Choose the cluster with --context, or have its context made with:\n{get_credentials}\n{_OTHER_WAYS}"
