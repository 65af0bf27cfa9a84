# SPDX-License-Identifier: MIT
"""All cases in which a message suggests commands for a cluster."""

from __future__ import annotations

from collections.abc import Callable
from subprocess import CompletedProcess
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError, ValidationError
from azure.core.exceptions import HttpResponseError

from azext_podidentity.arm.errors import explain, explain_failed, explain_leftover
from azext_podidentity.arm.timeout_errors import busy_timeout_error, operation_timeout_error
from azext_podidentity.kubernetes.kubectl import check_server
from azext_podidentity.manifest.apply_plan import ApplyManifest
from azext_podidentity.manifest.parser import Manifest
from azext_podidentity.migration.status import check_finished, statuses
from azext_podidentity.profile.add_on_changes import Enable, loss_advice
from azext_podidentity.profile.changes import AddException, AddIdentity, ProfileChange, UpdateException
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.cluster_states import STOPPED, refusal_advice
from azext_podidentity.profile.entries import Entries, EntryKey, ManagedIdentity, NotFound, PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, IDENTITY
from azext_podidentity.profile.error_rows import TABLE
from azext_podidentity.profile.known_errors import KnownError
from azext_podidentity.profile.service_requests import ON_CLUSTER, ChangeContext, Stage
from tests.support.builders import (
    KEY,
    cluster_json,
    cluster_of,
    exception_entry,
    identity_entry,
    identity_id,
    missing_role,
    refusal,
)
from tests.support.kubernetes_objects import inventory, workload

# The samples of the table of known errors, by number and code or pattern.
ROWS: dict[str, KnownError] = {
    f"{number} {row.codes[0] if row.codes else row.pattern[:24]}": row for number, row in enumerate(TABLE)
}
NEW_LABELS = {"app": "it's $mine"}
NOT_THERE = EntryKey("my-app", "not-there")
Explain = Callable[[ClusterReference], AzCLIError]


def _refused(change: ProfileChange, *lists: Any, **properties: Any) -> Explain:
    def explain_case(reference: ClusterReference) -> AzCLIError:
        with pytest.raises(AzCLIError) as caught:
            change.apply(cluster_of(*lists, reference=reference, **properties))
        return caught.value

    return explain_case


def sdk_error(row: KnownError, status: int = 400) -> HttpResponseError:
    """Return the SDK's error for the sample of a row."""
    return refusal(row.codes[0] if row.codes else "SomeCode", row.sample, status)


def stage_of(row: KnownError) -> Stage:
    """Return a stage at which a command on a cluster can meet the row, preferably the write."""
    return next(each for each in (Stage.WRITE, Stage.READ, Stage.OPERATION) if each in row.stages)


def _answered(row: KnownError) -> Explain:
    return lambda reference: explain(
        sdk_error(row), cluster_of([identity_entry()], reference=reference), _looked_up("deleted"), stage=stage_of(row)
    )


def _without_role(now: str, state: str) -> Explain:
    def explain_case(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry(state=state)], reference=reference)
        return explain(refusal("SomeCode", missing_role(identity_id())), cluster, _looked_up(now))

    return explain_case


def _blocked_removal(now: str) -> Explain:
    def explain_case(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry()], reference=reference)
        context = ChangeContext(removing=(NOT_THERE,))
        return explain(refusal("SomeCode", missing_role(identity_id())), cluster, _looked_up(now), context)

    return explain_case


def _leftover(now: str) -> Explain:
    def explain_case(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry()], reference=reference)
        (entry,) = cluster.profile.identities
        error = explain_leftover(entry, _looked_up(now)(entry.identity.resource_id), cluster)
        assert error is not None
        return error

    return explain_case


def _failed(reference: ClusterReference) -> AzCLIError:
    reason = {"error": {"error": {"code": "SomeCode", "message": missing_role(identity_id())}}}
    cluster = cluster_of([identity_entry(state="Failed", provisioningInfo=reason)], reference=reference)
    return explain_failed(cluster.profile.identities, cluster, _looked_up("deleted"))


def _labels_left(reference: ClusterReference) -> AzCLIError:
    with pytest.raises(ValidationError) as caught:
        check_finished(reference, statuses(cluster_of(), inventory(workload()), {}), ("--workloads", "it's $mine"))
    return caught.value


def _another_context(reference: ClusterReference) -> AzCLIError:
    said = CompletedProcess((), 0, "https://theirs.example:443")
    with pytest.raises(ValidationError) as caught:
        check_server(cluster_of(reference=reference, fqdn="mine.example"), said, None)
    return caught.value


def _as_service_principal(reference: ClusterReference) -> AzCLIError:
    with pytest.raises(AzCLIError) as caught:
        Enable().apply(Cluster.from_json(reference, {**cluster_json(), "identity": None}))
    return caught.value


def _looked_up(now: str) -> Callable[[str], ManagedIdentity | NotFound]:
    objects = {"existing": "the-object", "recreated": "another-object"}
    missing = NotFound(resource_group_too=now == "group deleted")
    return lambda resource_id: ManagedIdentity(resource_id, "client", objects[now]) if now in objects else missing


def _full(kind: Any) -> tuple[list[Any], list[Any]]:
    keys = [EntryKey("my-app", f"name-{number}") for number in range(200)]
    if kind is IDENTITY:
        return [identity_entry(key) for key in keys], []
    return [], [exception_entry(key) for key in keys]


_ADD = AddIdentity.of(KEY, identity_id())
_ADD_EXCEPTION = AddException(PodIdentityException(KEY, NEW_LABELS))
_KUBENET = {"networkProfile": {"networkPlugin": "kubenet"}}
MESSAGE_CASES: dict[str, Explain] = {
    "absent exception to update": _refused(UpdateException(PodIdentityException(NOT_THERE, NEW_LABELS))),
    "busy timeout": lambda reference: busy_timeout_error(reference, 1800, "an operation (Upgrading) that still runs."),
    "operation timeout": lambda reference: operation_timeout_error(reference, 1800, "InProgress"),
    "stopped": lambda reference: refusal_advice(cluster_of(reference=reference), STOPPED).error(ValidationError),
    "taken name": _refused(_ADD, [identity_entry(bindingSelector="other")]),
    "taken exception name": _refused(_ADD_EXCEPTION, (), [exception_entry()]),
    "full list": _refused(_ADD, *_full(IDENTITY)),
    "full exception list": _refused(_ADD_EXCEPTION, *_full(EXCEPTION)),
    "manifest exceeds limit": _refused(
        ApplyManifest(Manifest(Entries([_ADD.entry]), Entries([_ADD_EXCEPTION.entry])), {}), *_full(EXCEPTION)
    ),
    "manifest without add-on": _refused(ApplyManifest(Manifest(Entries([_ADD.entry])), {}), enabled=False),
    "add-on disabled": _refused(_ADD, enabled=False),
    "add-on disabled on kubenet": _refused(_ADD, enabled=False, **_KUBENET),
    "no consent": _refused(Enable(), **_KUBENET),
    "windows only": _refused(Enable(), agentPoolProfiles=[{"osType": "Windows"}]),
    "service principal": _as_service_principal,
    "disable": lambda reference: loss_advice(
        cluster_of([identity_entry()], [exception_entry()], reference=reference)
    ).error(ValidationError),
    **{f"response: {name}": _answered(row) for name, row in ROWS.items() if row.stages & ON_CLUSTER},
    **{
        f"no role, {now}, {state}": _without_role(now, state)
        for now in ("existing", "recreated", "deleted", "group deleted")
        for state in ("Assigned", "Failed")
    },
    "failed entry": _failed,
    "labels left": _labels_left,
    "foreign context": _another_context,
    **{f"blocked removal, {now}": _blocked_removal(now) for now in ("existing", "recreated", "deleted")},
    **{f"leftover, {now}": _leftover(now) for now in ("recreated", "deleted")},
    "taken name, failed": _refused(_ADD, [identity_entry(state="Failed", bindingSelector="other")]),
}
