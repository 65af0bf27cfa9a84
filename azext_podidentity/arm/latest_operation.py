# SPDX-License-Identifier: MIT
"""How long the operation that runs on a cluster has been running.

Only preview API versions have the latest operation of a cluster, so the SDKs of azure-cli do not:
https://learn.microsoft.com/azure/aks/manage-abort-operations
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from knack.log import get_logger

from azext_podidentity.arm.clients import management_client
from azext_podidentity.arm.raw_client import RawClient
from azext_podidentity.profile.cluster_reference import cluster_of_id
from azext_podidentity.profile.cluster_states import is_final
from azext_podidentity.profile.text import state_name

if TYPE_CHECKING:
    from azure.cli.core import AzCli

    from azext_podidentity.profile.cluster import Cluster

logger = get_logger(__name__)
_API_VERSION = "2025-10-02-preview"


def running_seconds(cli_ctx: AzCli, cluster: Cluster) -> float | None:
    """Return the age of the operation that runs on a cluster whose state is not final.

    Return None if its start cannot be read: Azure retires preview API versions.
    """
    if not cluster.resource_id:
        return None
    client = management_client(cli_ctx, RawClient, cluster_of_id(cluster.resource_id).subscription)
    try:
        latest = client.request("GET", f"{cluster.resource_id}/operations/latest?api-version={_API_VERSION}")
    except (AzureError, ValueError) as error:
        logger.info("The start of the operation could not be read: %s", error)
        return None
    return age_of(latest, time.time())


def age_of(operation: Any, now: float) -> float | None:
    """Return the seconds since the start of an operation (its JSON), None if it has ended or has no valid start."""
    if not isinstance(operation, dict) or is_final(state_name(str(operation.get("status")))):
        return None
    # Python 3.10 reads neither seven digits of a second nor Z.
    text = re.sub(r"\.\d+", "", str(operation.get("startTime"))).replace("Z", "+00:00")
    try:
        start = datetime.fromisoformat(text)
    except ValueError:
        return None
    start = start if start.tzinfo else start.replace(tzinfo=timezone.utc)
    return max(0.0, now - start.timestamp())
