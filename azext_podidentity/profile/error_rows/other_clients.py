# SPDX-License-Identifier: MIT
"""Errors caused by changes of other clients, or by too many requests."""

from __future__ import annotations

from azext_podidentity.profile import error_advice as advice
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import CHANGES, ON_CLUSTER, Retry

_AGAIN = "Run your command again; it applies the change to the latest state of the cluster."

ROWS = (
    KnownError(
        codes=("AKSOperationPreemptedByDelete",),
        sample="The operation was preempted by a delete operation.",
        cause="Cluster '{cluster}' is being deleted.",
        stages=CHANGES,
    ),
    KnownError(
        codes=("AKSOperationPreempted", "NotLatestOperation"),
        sample="Cannot proceed with the operation because it is no longer the latest operation of the cluster.",
        cause="Another client changed cluster '{cluster}' and replaced this operation.",
        fix=_AGAIN,
        stages=CHANGES,
        retry=Retry.REAPPLY,
        replaced=True,
    ),
    KnownError(
        codes=(),
        pattern="overrid+en and cancell?ed by a later operation",
        sample="The operation is overriden and canceled by a later operation.",
        cause="Another client changed cluster '{cluster}' and replaced this operation.",
        fix=_AGAIN,
        stages=CHANGES,
        retry=Retry.REAPPLY,
        replaced=True,
    ),
    KnownError(
        codes=("PreconditionFailed", "EtagMismatch"),
        sample="The ETag of the request does not match the ETag of the resource.",
        cause="Another client changed cluster '{cluster}' after it was read.",
        fix=_AGAIN,
        stages=CHANGES,
        retry=Retry.REAPPLY,
    ),
    KnownError(
        codes=(),
        pattern="etag mismatch",
        sample="Etag mismatched",
        cause="Another client changed cluster '{cluster}' after it was read.",
        fix=_AGAIN,
        stages=CHANGES,
        retry=Retry.REAPPLY,
    ),
    KnownError(
        codes=("Canceled", "OperationCanceled"),
        sample="The operation was canceled.",
        cause="The operation on cluster '{cluster}' was canceled, for example with az aks operation-abort.",
        fix="Run your command again to apply the change.",
        stages=CHANGES,
    ),
    KnownError(
        codes=("OperationNotAllowed",),
        pattern="deletion .*agent ?pool|deletion .*node ?pool|(?:agent|node) ?pool .*(?:delet|being removed)",
        sample="The operation is not allowed since a deletion is issued on agentpool nodepool1.",
        cause="A node pool of cluster '{cluster}' is being deleted.",
        fix="Wait until the node pool is deleted, and then run your command again. To list the node pools, run:",
        commands=advice.list_node_pools,
        stages=ON_CLUSTER,
        retry=Retry.REAPPLY,
    ),
    KnownError(
        codes=("OperationNotAllowed",),
        pattern="upgrading or failed in upgrade|failed in upgrade",
        sample="Operation is not allowed while the cluster is being upgrading or failed in upgrade.",
        cause="An upgrade of cluster '{cluster}' is running or has failed. The service refuses other changes until the "
        "upgrade is finished.",
        fix="Wait until the upgrade is finished, or complete the failed upgrade:",
        commands=advice.finish_upgrade,
        stages=ON_CLUSTER,
    ),
    KnownError(
        codes=("OperationNotAllowed", "Conflict"),
        pattern="another operation|in progress",
        sample="Operation is not allowed: Another operation (Updating) is in progress, please wait for it to finish "
        "before starting a new operation.",
        cause="Another operation is running on cluster '{cluster}'.",
        fix="Wait until it is finished, and then run your command again:",
        commands=advice.wait_until_updated,
        stages=CHANGES,
        retry=Retry.REAPPLY,
    ),
    KnownError(
        codes=("Throttled", "TooManyRequests", "SubscriptionRequestsThrottled", "ResourceRequestsThrottled"),
        pattern=r"(?:.*retry again in (?P<seconds>\d+) seconds)?",
        sample="The PutManagedClusterHandler.PUT request limit has been exceeded for SubID='SUBSCRIPTION', please "
        "retry again in 60 seconds.",
        cause="The service limits the number of requests, and too many were sent. For changes of a "
        "cluster, the limit is one a minute after a burst of 20.",
        fix="Wait for the time the service names, and then run your command again.",
        retry=Retry.LATER,
    ),
)
