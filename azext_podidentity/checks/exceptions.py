# SPDX-License-Identifier: MIT
"""Check the exceptions, except the one that the service manages for its own add-ons."""

from __future__ import annotations

from collections.abc import Iterator

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.entries import PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, SERVICE_EXCEPTION, label_arguments
from azext_podidentity.profile.validation import check_pod_labels


def check_labels_null(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each exception with `podLabels: null`, which early versions of the service stored."""
    cluster = snapshot.cluster
    for entry in cluster.profile.exceptions:
        if entry.has_null_labels:
            message = (
                f"{EXCEPTION.name(entry.key)} has no labels (null). The service refuses every update of the cluster "
                "that sends it back, so 'az aks scale' and 'az aks upgrade' fail until it is repaired, as does 'az aks "
                "update' of other clients."
            )
            of_service = entry.key == SERVICE_EXCEPTION
            repair = cluster.reference.update_command("--yes") if of_service else _remove(snapshot, entry)
            yield Finding("error", str(entry.key), message, (repair,))


def check_labels_exist(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each exception without labels, which matches no pod."""
    for entry in _user_exceptions(snapshot):
        if not entry.pod_labels and not entry.has_null_labels:
            message = f"{EXCEPTION.name(entry.key)} has no labels, so it matches no pod."
            yield Finding("warning", str(entry.key), message, (_remove(snapshot, entry),))


def check_labels_valid(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each label of an exception that no pod can have."""
    for entry in _user_exceptions(snapshot):
        for key, value in entry.pod_labels.items():
            if not _is_label(key, value):
                message = f"{EXCEPTION.name(entry.key)} has the label {key}={value}, which no pod can have."
                show = EXCEPTION.command(snapshot.cluster, "list", "--output", "table")
                yield Finding("warning", str(entry.key), message, (show,))


def check_several_labels(snapshot: Snapshot) -> Iterator[Finding]:
    """Yield a finding for each exception with several labels, any of which matches, not only all together."""
    for entry in _user_exceptions(snapshot):
        if len(entry.pod_labels) > 1:
            labels = " or ".join(label_arguments(entry.pod_labels))
            message = f"{EXCEPTION.name(entry.key)} matches pods that have any of its labels, not all: {labels}."
            yield Finding("info", str(entry.key), message)


def _remove(snapshot: Snapshot, entry: PodIdentityException) -> str:
    return EXCEPTION.delete_command(snapshot.cluster, entry.key)


def _user_exceptions(snapshot: Snapshot) -> Iterator[PodIdentityException]:
    return (entry for entry in snapshot.cluster.profile.exceptions if entry.key != SERVICE_EXCEPTION)


def _is_label(key: str, value: str) -> bool:
    try:
        check_pod_labels({key: value})
    except InvalidArgumentValueError:
        return False
    return True
