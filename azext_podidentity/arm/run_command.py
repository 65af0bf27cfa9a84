"""Workloads of a cluster that only itself can reach: AKS runs kubectl inside it."""

from __future__ import annotations

from typing import Any

from azure.cli.core.azclierror import ValidationError
from azure.core.exceptions import AzureError

from azext_podidentity.arm.errors import explain_plainly
from azext_podidentity.arm.pace import PacedPolling
from azext_podidentity.migration.documents import KUBECTL_GET, KubernetesObject, read_objects
from azext_podidentity.profile.cluster import ClusterReference

# What is longer is cut off without a word: https://learn.microsoft.com/azure/aks/access-private-cluster
_MAX_LOGS = 512 * 1024
# The application of the Kubernetes API server of clusters with Microsoft Entra integration, in every cloud.
_SERVER_APPLICATION = "6dae42f8-4368-4678-94ff-3960e28e3630"
_OTHER_WAY = f"Run this where the cluster can be reached, and pass what it prints with --workloads:\n{KUBECTL_GET}"


def get_objects(cli_ctx: Any, client: Any, reference: ClusterReference, model: Any) -> list[KubernetesObject]:
    """All workloads and service accounts of the cluster; `model` is its SDK model.

    Raises an azure-cli error where the command cannot be run or fails, with its own words, and ValidationError where
    it printed more than the service passes on.
    """
    from azure.cli.command_modules.acs.custom import RunCommandLocationPolling
    from azure.cli.core.commands import LongRunningOperation
    from azure.mgmt.containerservice.models import RunCommandRequest

    request = RunCommandRequest(command=KUBECTL_GET, context="", cluster_token=_token(cli_ctx, model))
    polling = PacedPolling(lro_options={"final-state-via": "location"}, lro_algorithms=[RunCommandLocationPolling()])
    try:
        poller = client.begin_run_command(reference.resource_group, reference.name, request, polling=polling)
        result = LongRunningOperation(cli_ctx, "Running kubectl in the cluster", poller_done_interval_ms=100)(poller)
    except AzureError as error:
        raise explain_plainly(error, _OTHER_WAY) from error
    logs = result.logs or ""
    if result.provisioning_state != "Succeeded" or result.exit_code:
        reason = result.reason or f"exit code {result.exit_code}: {_lines(logs, of_json=False)[-2000:]}"
        raise ValidationError(f"kubectl could not tell the workloads from inside the cluster: {reason}", _OTHER_WAY)
    if len(logs.encode()) >= _MAX_LOGS:
        raise ValidationError(
            f"The cluster has more workloads than a command run inside it can print ({_MAX_LOGS} bytes).", _OTHER_WAY
        )
    return read_objects(_lines(logs, of_json=True), "run-command")


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
