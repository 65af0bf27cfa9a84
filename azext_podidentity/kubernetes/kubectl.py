# SPDX-License-Identifier: MIT
"""Run the local kubectl to read the workloads of a cluster and to build kustomizations."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from azure.cli.core.azclierror import ValidationError
from knack.log import get_logger

from azext_podidentity.cli.progress import progress
from azext_podidentity.migration.json_values import mapping, sequence, text
from azext_podidentity.migration.kubernetes_objects import KubernetesObject, read_objects
from azext_podidentity.migration.resources_to_read import (
    API_RESOURCES,
    FOR_MIGRATION,
    choose_resources,
    get_arguments,
)
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core import AzCli

logger = get_logger(__name__)

_OTHER_WAYS = (
    "Pass manifests or the output of kubectl with --workloads. For a private cluster, pass --run-command: it runs "
    "kubectl inside the cluster."
)
_SERVER = ("config", "view", "--minify", "--output", "jsonpath={.clusters[0].cluster.server}")
_CONTEXTS = ("config", "view", "--output", "json")
# Log lines of kubectl (klog), which are not part of its error message.
_LOG_LINE = re.compile(r"^[EWI]\d{4} .*\n?", re.MULTILINE)
# Without a timeout, an unreachable remote base would block the command forever.
_KUSTOMIZE_TIMEOUT = 120


class ClusterObjects(NamedTuple):
    """The objects of a cluster, and the custom resources that were not read."""

    objects: list[KubernetesObject]
    kinds_not_read: tuple[str, ...]


def read_cluster_objects(
    cli_ctx: AzCli,
    cluster: Cluster,
    context: str | None,
    *,
    must_be_cluster: bool = False,
    to_read: Iterable[str] = FOR_MIGRATION,
    timeout: float | None = None,
) -> ClusterObjects:
    """Return all objects of the resources from the cluster of a kubectl context; None is the current context.

    Raise ValidationError if kubectl is missing, if the current context is another cluster, or with kubectl's message if
    it fails. A named context with another address, for example that of a proxy, causes a warning. With
    `must_be_cluster`, another or an unknown address is an error. timeout: in seconds for each run of kubectl.
    """
    chosen = (f"--context={context}",) if context else ()
    program = _find_program("read the workloads")
    check_server(cluster, _run(program, (*_SERVER, *chosen), timeout), context, must_be_cluster=must_be_cluster)
    with progress(cli_ctx, "Reading the workloads with kubectl"):
        served = _output(program, (*API_RESOURCES, *chosen), cluster.reference, timeout)
        resources, not_read = choose_resources(served.splitlines(), to_read)
        listed = _output(program, (*get_arguments(resources), *chosen), cluster.reference, timeout)
    return ClusterObjects(read_objects(listed, "kubectl"), not_read)


def context_servers(timeout: float) -> dict[str, str | None]:
    """Return the host name of the API server of each kubectl context, None if it has none.

    Raise ValidationError if kubectl is missing or cannot print its configuration.
    """
    result = _run(_find_program("read the workloads"), _CONTEXTS, timeout)
    if result.returncode:
        raise ValidationError(f"kubectl failed to list its contexts: {_error_message(result)}", _OTHER_WAYS)
    try:
        config = mapping(json.loads(result.stdout or "{}"))
    except ValueError as error:
        raise ValidationError(f"kubectl did not print its contexts as JSON: {error}", _OTHER_WAYS) from error
    clusters, contexts = (map(mapping, sequence(config.get(key))) for key in ("clusters", "contexts"))
    servers = {text(each.get("name")): text(mapping(each.get("cluster")).get("server")) for each in clusters}
    return {
        text(each.get("name")): _host_name(servers.get(text(mapping(each.get("context")).get("cluster")), ""))
        for each in contexts
    }


def build_kustomization(folder: str) -> str:
    """Return the output of `kubectl kustomize`. Raise ValidationError with kubectl's message if it fails."""
    program = _find_program(f"build the kustomization in '{folder}'")
    result = _run(program, ("kustomize", folder), timeout=_KUSTOMIZE_TIMEOUT)
    if result.returncode:
        raise ValidationError(
            f"kubectl failed to build the kustomization in '{folder}': {_error_message(result)}",
            [
                "Correct the kustomization. If you pass --workloads the file that this command writes, it is not built "
                "again:",
                f"kubectl kustomize {shlex.quote(folder)} > objects.yaml",
            ],
        )
    return result.stdout


def check_server(
    cluster: Cluster,
    result: subprocess.CompletedProcess[str],
    context: str | None,
    *,
    must_be_cluster: bool = False,
) -> None:
    """Compare the address of the kubectl context with that of the cluster. Raise as `read_cluster_objects`."""
    server = None if result.returncode else _host_name(result.stdout.strip())
    known = [each.lower() for each in cluster.api_servers]
    name, addresses = cluster.reference.name, " or ".join(cluster.api_servers) or "an unknown address"
    if server is None or not known:
        if must_be_cluster:
            words = f" {_error_message(result)}" if result.returncode else ""
            raise ValidationError(
                f"The command cannot verify that the kubectl context is cluster '{name}' at {addresses}.{words}",
                _advise_context(cluster.reference),
            )
        return
    if server in known:
        return
    if context is None:
        raise ValidationError(
            f"The current kubectl context is a cluster at {server}, but cluster '{name}' is at {addresses}.",
            _advise_context(cluster.reference),
        )
    if must_be_cluster:
        raise ValidationError(
            f"Context '{context}' is a cluster at {server}, but cluster '{name}' is at {addresses}.",
            _advise_context(cluster.reference),
        )
    logger.warning("Context '%s' is a cluster at %s, but cluster '%s' is at %s.", context, server, name, addresses)


def _host_name(url: str) -> str | None:
    """Return the host name in the URL of an API server, None if it has none."""
    try:
        return urlsplit(url).hostname
    except ValueError:  # for example an unclosed bracket
        return None


def _find_program(purpose: str) -> str:
    program = shutil.which("kubectl")
    if program is None:
        raise ValidationError(f"kubectl is not installed on this machine, but needed to {purpose}.", _OTHER_WAYS)
    return program


def _output(program: str, arguments: Sequence[str], reference: ClusterReference, timeout: float | None = None) -> str:
    """Return the output of kubectl. Raise ValidationError with kubectl's message if it fails."""
    result = _run(program, arguments, timeout)
    if result.returncode:
        raise ValidationError(
            f"kubectl failed to list the workloads (exit code {result.returncode}): {_error_message(result)}\n"
            f"The command was: {shlex.join(('kubectl', *arguments))}",
            _advise_context(reference),
        )
    return result.stdout


def _error_message(result: subprocess.CompletedProcess[str]) -> str:
    return _LOG_LINE.sub("", result.stderr).strip() or result.stderr.strip()


def _run(program: str, arguments: Sequence[str], timeout: float | None = None) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
            timeout=timeout,
        )
    except (OSError, UnicodeDecodeError, subprocess.TimeoutExpired) as error:
        raise ValidationError(f"{program} cannot be run: {error}", _OTHER_WAYS) from error


def _advise_context(reference: ClusterReference) -> list[str]:
    get_credentials = reference.cluster_command("get-credentials")
    return [_OTHER_WAYS, "Name the cluster's context with --context, or create it:", get_credentials]
