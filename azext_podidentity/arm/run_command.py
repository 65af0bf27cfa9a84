"""Workloads of a cluster that only itself can reach: AKS runs kubectl inside it."""

from __future__ import annotations

import gzip
import re
import zlib
from base64 import b64decode
from functools import partial
from typing import Any

from azure.cli.core.azclierror import AzureResponseError, ValidationError
from azure.core.exceptions import AzureError
from knack.log import get_logger

from azext_podidentity.arm.backoff import BackoffPolling
from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.polling import StillRunningError, follow
from azext_podidentity.profile.cluster_reference import ClusterReference

logger = get_logger(__name__)

# What is longer is cut off without a word: https://learn.microsoft.com/azure/aks/access-private-cluster
_MAX_LOGS = 512 * 1024
# A command goes through a shell there, so what it prints can be made about twenty times as small.
_PACK = "gzip | base64"
_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}")
# The application of the Kubernetes API server of clusters with Microsoft Entra integration, in every cloud.
_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
_OTHER_WAY = "Run this where the cluster can be reached, and pass what it prints with --workloads:\n{}"


def get_output(cli_ctx: Any, client: Any, reference: ClusterReference, model: Any, command: str) -> str:
    """Return what a kubectl command prints (JSON) when AKS runs it inside the cluster; `model` is its SDK model.

    Raises an azure-cli error where the command cannot be run or fails, with its own words, and ValidationError where
    it printed more than the service passes on, compressed too.
    """
    other_way = _OTHER_WAY.format(command)
    run = partial(_run, cli_ctx, client, reference, _token(cli_ctx, model), other_way)
    logs = run(command)
    if len(logs.encode()) < _MAX_LOGS:
        return _lines(logs, of_json=True)
    logger.info("The workloads are more than %d bytes of JSON; they are asked for once more, compressed.", _MAX_LOGS)
    packed = run(f"{command} | {_PACK}")
    if len(packed.encode()) >= _MAX_LOGS:
        raise ValidationError(
            f"The cluster has more workloads than a command run inside it can print ({_MAX_LOGS} bytes, compressed).",
            other_way,
        )
    return _unpacked(packed, other_way)


def _run(
    cli_ctx: Any, client: Any, reference: ClusterReference, token: str | None, other_way: str, command: str
) -> str:
    """What the command printed inside the cluster; raises as `get_objects`."""
    from azure.cli.command_modules.acs.custom import RunCommandLocationPolling
    from azure.mgmt.containerservice.models import RunCommandRequest

    request = RunCommandRequest(command=command, context="", cluster_token=token)
    polling = BackoffPolling(lro_options={"final-state-via": "location"}, lro_algorithms=[RunCommandLocationPolling()])
    try:
        poller = client.begin_run_command(reference.resource_group, reference.name, request, polling=polling)
        result = follow(cli_ctx, poller, "Running kubectl in the cluster")
    except AzureError as error:
        raise explain_plainly(error, other_way) from error
    except StillRunningError as error:
        raise AzureResponseError(f"kubectl still runs inside the cluster ({error}).", other_way) from error
    logs: str = result.logs or ""
    if result.provisioning_state != "Succeeded" or result.exit_code:
        reason = result.reason or f"exit code {result.exit_code}: {_lines(logs, of_json=False)[-2000:]}"
        raise ValidationError(f"kubectl could not tell the workloads from inside the cluster: {reason}", other_way)
    return logs


def _unpacked(packed: str, other_way: str) -> str:
    """What `_PACK` made smaller. Raises ValidationError where that failed, which its exit code does not tell."""
    text = "".join(line for line in packed.splitlines() if _BASE64.fullmatch(line))
    try:
        if not text:
            raise EOFError("nothing was printed")
        return gzip.decompress(b64decode(text, validate=True)).decode()
    except (ValueError, OSError, EOFError, zlib.error) as error:
        said = "\n".join(line for line in packed.splitlines() if not _BASE64.fullmatch(line))[-2000:]
        raise ValidationError(
            f"The cluster has more workloads than a command run inside it can print ({_MAX_LOGS} bytes), and they "
            f"could not be compressed there: {said or error}",
            other_way,
        ) from error


def _lines(logs: str, *, of_json: bool) -> str:
    """The lines of the JSON that kubectl printed, or its own words: standard output and standard error are one here.

    The JSON may have secrets in it, so it never gets into a message.
    """
    return "\n".join(line for line in logs.splitlines() if line.startswith((" ", "{", "}")) == of_json).strip()


def _token(cli_ctx: Any, model: Any) -> str | None:
    """The caller's token for the API server, where the cluster knows people by Microsoft Entra."""
    profile = model.properties.aad_profile
    if profile is None or not profile.managed:
        return None
    from azure.cli.core._profile import Profile

    token: str = Profile(cli_ctx=cli_ctx).get_raw_token(resource=_SERVER_APPLICATION)[0][2]["accessToken"]
    return token
