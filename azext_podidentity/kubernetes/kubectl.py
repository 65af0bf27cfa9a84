"""Read the workloads of a cluster with the kubectl of this machine."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from azure.cli.core.azclierror import ValidationError
from knack.log import get_logger

from azext_podidentity.cli.progress import progress
from azext_podidentity.migration.kubernetes_objects import KUBECTL_GET, KubernetesObject, read_objects
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)

_OTHER_WAYS = (
    "Pass manifests or the output of kubectl with --workloads. For a private cluster, pass --run-command: it runs "
    "kubectl inside the cluster."
)
_SERVER = ("kubectl", "config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
# Lines of kubectl's log (klog), which add nothing to its error message.
_LOG_LINE = re.compile(r"^[EWI]\d{4} .*\n?", re.MULTILINE)


def read_cluster_objects(cli_ctx: AzCli, cluster: Cluster, context: str | None) -> list[KubernetesObject]:
    """Return all workloads and service accounts of the cluster of a kubectl context, the current one for None.

    Raise ValidationError without kubectl, if its current context is another cluster's, or with kubectl's own words if
    it fails. A named context can have another address, for example that of a proxy: this is a warning.
    """
    chosen = ("--context", context) if context else ()
    program = shutil.which("kubectl")
    if program is None:
        raise ValidationError("kubectl is not installed on this machine.", _OTHER_WAYS)
    check_server(cluster, _run(program, (*_SERVER, *chosen)), context)
    command = (*KUBECTL_GET.split(), *chosen)
    with progress(cli_ctx, "Reading the workloads with kubectl"):
        result = _run(program, command)
    if result.returncode:
        said = _LOG_LINE.sub("", result.stderr).strip() or result.stderr.strip()
        raise ValidationError(
            f"kubectl failed to list the workloads (exit code {result.returncode}): {said}\n"
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
    """Compare the address of the kubectl context with the cluster's own; raise as `read_cluster_objects`."""
    server = urlsplit(result.stdout.strip()).hostname
    if result.returncode or server is None or server in map(str.lower, cluster.api_servers or (server,)):
        return
    name, addresses = cluster.reference.name, " or ".join(cluster.api_servers)
    if context is None:
        raise ValidationError(
            f"The current kubectl context is a cluster at {server}, but cluster '{name}' is at {addresses}.",
            _advise_context(cluster.reference),
        )
    logger.warning("Context '%s' is a cluster at %s, but cluster '%s' is at %s.", context, server, name, addresses)


def _advise_context(reference: ClusterReference) -> str:
    get_credentials = reference.cluster_command("get-credentials")
    return f"Name the cluster's context with --context, or create it with:\n{get_credentials}\n{_OTHER_WAYS}"
