# SPDX-License-Identifier: MIT
"""Every situation in which a message gives a command about a cluster."""

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
    cluster_of,
    cluster_wire,
    exception_entry,
    identity_entry,
    identity_id,
    missing_role,
    refusal,
)
from tests.support.kubernetes_objects import inventory, workload

# The messages of the service: the samples of the table of known errors, each by its code or pattern and a number.
ROWS: dict[str, KnownError] = {
    f"{number} {row.codes[0] if row.codes else row.pattern[:24]}": row for number, row in enumerate(TABLE)
}
NEW_LABELS = {"app": "it's $mine"}
NOT_THERE = EntryKey("my-app", "not-there")
Explain = Callable[[ClusterReference], AzCLIError]


def _refused(change: ProfileChange, *lists: Any, **properties: Any) -> Explain:
    def explain_it(reference: ClusterReference) -> AzCLIError:
        with pytest.raises(AzCLIError) as caught:
            change.apply(cluster_of(*lists, reference=reference, **properties))
        return caught.value

    return explain_it


def said_by(row: KnownError, status: int = 400) -> HttpResponseError:
    """Return what the SDK raises for the sample of a row."""
    return refusal(row.codes[0] if row.codes else "SomeCode", row.sample, status)


def stage_of(row: KnownError) -> Stage:
    """Return a stage at which a command on a cluster meets the row: the change itself if it can."""
    return next(each for each in (Stage.WRITE, Stage.READ, Stage.OPERATION) if each in row.stages)


def _answered(row: KnownError) -> Explain:
    return lambda reference: explain(
        said_by(row), cluster_of([identity_entry()], reference=reference), _looked_up("gone"), stage=stage_of(row)
    )


def _without_role(now: str, state: str) -> Explain:
    def explain_it(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry(state=state)], reference=reference)
        return explain(refusal("SomeCode", missing_role(identity_id())), cluster, _looked_up(now))

    return explain_it


def _blocked_removal(now: str) -> Explain:
    def explain_it(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry()], reference=reference)
        trial = ChangeContext(removing=(NOT_THERE,))
        return explain(refusal("SomeCode", missing_role(identity_id())), cluster, _looked_up(now), trial)

    return explain_it


def _leftover(now: str) -> Explain:
    def explain_it(reference: ClusterReference) -> AzCLIError:
        cluster = cluster_of([identity_entry()], reference=reference)
        (entry,) = cluster.profile.identities
        error = explain_leftover(entry, _looked_up(now)(entry.identity.resource_id), cluster)
        assert error is not None
        return error

    return explain_it


def _failed(reference: ClusterReference) -> AzCLIError:
    reason = {"error": {"error": {"code": "SomeCode", "message": missing_role(identity_id())}}}
    cluster = cluster_of([identity_entry(state="Failed", provisioningInfo=reason)], reference=reference)
    return explain_failed(cluster.profile.identities, cluster, _looked_up("gone"))


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
        Enable().apply(Cluster.from_json(reference, {**cluster_wire(), "identity": None}))
    return caught.value


def _looked_up(now: str) -> Callable[[str], ManagedIdentity | NotFound]:
    objects = {"there": "the-object", "made anew": "another-object"}
    missing = NotFound(resource_group_too=now == "gone with its group")
    return lambda resource_id: ManagedIdentity(resource_id, "client", objects[now]) if now in objects else missing


def _full(kind: Any) -> tuple[list[Any], list[Any]]:
    keys = [EntryKey("my-app", f"name-{number}") for number in range(200)]
    if kind is IDENTITY:
        return [identity_entry(key) for key in keys], []
    return [], [exception_entry(key) for key in keys]


_ADD = AddIdentity.of(KEY, identity_id())
_ADD_EXCEPTION = AddException(PodIdentityException(KEY, NEW_LABELS))
_KUBENET = {"networkProfile": {"networkPlugin": "kubenet"}}
SITUATIONS: dict[str, Explain] = {
    "absent exception to update": _refused(UpdateException(PodIdentityException(NOT_THERE, NEW_LABELS))),
    "busy for too long": lambda reference: busy_timeout_error(
        reference, 1800, "an operation (Upgrading) that still runs."
    ),
    "own operation takes too long": lambda reference: operation_timeout_error(reference, 1800, "InProgress"),
    "stopped": lambda reference: refusal_advice(cluster_of(reference=reference), STOPPED).error(ValidationError),
    "taken name": _refused(_ADD, [identity_entry(bindingSelector="other")]),
    "taken name of an exception": _refused(_ADD_EXCEPTION, (), [exception_entry()]),
    "full list": _refused(_ADD, *_full(IDENTITY)),
    "full list of exceptions": _refused(_ADD_EXCEPTION, *_full(EXCEPTION)),
    "files with too much for what is there": _refused(
        ApplyManifest(Manifest(Entries([_ADD.entry]), Entries([_ADD_EXCEPTION.entry])), {}), *_full(EXCEPTION)
    ),
    "files on a cluster where the add-on is off": _refused(
        ApplyManifest(Manifest(Entries([_ADD.entry])), {}), enabled=False
    ),
    "add-on is off": _refused(_ADD, enabled=False),
    "add-on is off on kubenet": _refused(_ADD, enabled=False, **_KUBENET),
    "no consent": _refused(Enable(), **_KUBENET),
    "windows only": _refused(Enable(), agentPoolProfiles=[{"osType": "Windows"}]),
    "runs as a service principal": _as_service_principal,
    "disable": lambda reference: loss_advice(
        cluster_of([identity_entry()], [exception_entry()], reference=reference)
    ).error(ValidationError),
    **{f"answer: {name}": _answered(row) for name, row in ROWS.items() if row.stages & ON_CLUSTER},
    **{
        f"no role, {now}, {state}": _without_role(now, state)
        for now in ("there", "made anew", "gone", "gone with its group")
        for state in ("Assigned", "Failed")
    },
    "failed entry": _failed,
    "labels left": _labels_left,
    "context of another cluster": _another_context,
    **{f"blocked removal, {now}": _blocked_removal(now) for now in ("there", "made anew", "gone")},
    **{f"leftover, {now}": _leftover(now) for now in ("made anew", "gone")},
    "taken name, failed": _refused(_ADD, [identity_entry(state="Failed", bindingSelector="other")]),
}
