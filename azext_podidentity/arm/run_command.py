# SPDX-License-Identifier: MIT
"""Run kubectl inside a cluster whose API server is not reachable from this machine."""

from __future__ import annotations

import gzip
import re
import zlib
from base64 import b64decode
from functools import partial
from typing import TYPE_CHECKING, Any

from azure.cli.core.azclierror import AzureResponseError, ValidationError
from azure.core.exceptions import AzureError
from knack.log import get_logger

from azext_podidentity.arm.backoff import BackoffPolling
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.polling import StillRunningError, follow
from azext_podidentity.profile.cluster_reference import ClusterReference

if TYPE_CHECKING:
    from azure.cli.core import AzCli
    from azure.mgmt.containerservice.models import ManagedCluster

logger = get_logger(__name__)

# Longer output is truncated without notice: https://learn.microsoft.com/azure/aks/access-private-cluster
_MAX_LOGS = 512 * 1024
# The command runs in a shell, so its output can be compressed about twenty times.
_PACK = "gzip | base64"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# The application of the Kubernetes API server of clusters with Microsoft Entra integration, in every cloud.
_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
_OTHER_WAY = "Run this on a machine that reaches the cluster, and pass the output with --workloads:"


def run_kubectl(cli_ctx: AzCli, client: Any, reference: ClusterReference, model: ManagedCluster, command: str) -> str:
    """Return the JSON output of a kubectl command that AKS runs inside the cluster; `model` is its SDK model.

    Raise an azure-cli error with kubectl's message if the command cannot be run or fails, and ValidationError if even
    the compressed output is longer than the service returns.
    """
    other_way = [_OTHER_WAY, command]
    run = partial(_run, cli_ctx, client, reference, token=_token(cli_ctx, model), other_way=other_way)
    logs = run(command)
    if len(logs.encode()) < _MAX_LOGS:
        return _lines(logs, of_json=True)
    logger.info("The output is longer than %d bytes; running the command again with compression.", _MAX_LOGS)
    packed = run(f"{command} | {_PACK}")
    if len(packed.encode()) >= _MAX_LOGS:
        raise ValidationError(
            f"The cluster has more workloads than a command inside it can return ({_MAX_LOGS} bytes, compressed).",
            other_way,
        )
    return _unpacked(packed, other_way)


def _run(
    cli_ctx: AzCli, client: Any, reference: ClusterReference, command: str, *, token: str | None, other_way: list[str]
) -> str:
    """Return the output of the command; raise as `run_kubectl`."""
    from azure.cli.command_modules.acs.custom import RunCommandLocationPolling
    from azure.mgmt.containerservice.models import RunCommandRequest

    request = RunCommandRequest(command=command, context="", cluster_token=token)
    polling = BackoffPolling(lro_options={"final-state-via": "location"}, lro_algorithms=[RunCommandLocationPolling()])
    try:
        poller = client.begin_run_command(reference.resource_group, reference.name, request, polling=polling)
        result = follow(cli_ctx, poller, "Running kubectl in the cluster")
    except AzureError as error:
        explained = explain_plainly(error)
        explained.set_recommendation(other_way)
        raise explained from error
    except StillRunningError as error:
        raise AzureResponseError(f"kubectl is still running inside the cluster ({error}).", other_way) from error
    logs: str = result.logs or ""
    if result.provisioning_state != "Succeeded" or result.exit_code:
        reason = result.reason or f"exit code {result.exit_code}: {_lines(logs, of_json=False)[-2000:]}"
        raise ValidationError(f"kubectl failed to list the workloads inside the cluster: {reason}", other_way)
    return logs


def _unpacked(packed: str, other_way: list[str]) -> str:
    """Return the decompressed output of `_PACK`; raise ValidationError if it failed, which its exit code hides."""
    text = "".join(line for line in packed.splitlines() if _BASE64.fullmatch(line))
    try:
        if not text:
            raise EOFError("no output")
        return gzip.decompress(b64decode(text, validate=True)).decode()
    except (ValueError, OSError, EOFError, zlib.error) as error:
        said = "\n".join(line for line in packed.splitlines() if not _BASE64.fullmatch(line))[-2000:]
        raise ValidationError(
            f"The cluster has more workloads than a command inside it can return ({_MAX_LOGS} bytes), and compression "
            f"inside the cluster failed: {said or error}",
            other_way,
        ) from error


def _lines(logs: str, *, of_json: bool) -> str:
    """Return the lines of kubectl's JSON, or the other lines: the service merges standard output and standard error.

    Messages never contain the JSON, which can contain secrets.
    """
    return "\n".join(line for line in logs.splitlines() if line.startswith((" ", "{", "}")) == of_json).strip()


def _token(cli_ctx: AzCli, model: ManagedCluster) -> str | None:
    """Return the caller's token for the API server of a cluster with Microsoft Entra integration, else None."""
    profile = model.properties.aad_profile if model.properties else None
    if profile is None or not profile.managed:
        return None
    from azure.cli.core._profile import Profile

    token: str = Profile(cli_ctx=cli_ctx).get_raw_token(resource=_SERVER_APPLICATION)[0][2]["accessToken"]
    return token
