"""The exceptions: which pods they let past the node agent. The service's own is left alone."""

from __future__ import annotations

from collections.abc import Iterator

from azure.cli.core.azclierror import InvalidArgumentValueError

from azext_podidentity.checks.finding import Finding
from azext_podidentity.checks.snapshot import Snapshot
from azext_podidentity.profile.entries import PodIdentityException
from azext_podidentity.profile.entry_types import EXCEPTION, SERVICE_EXCEPTION, label_arguments
from azext_podidentity.profile.validation import check_pod_labels


def without_labels(snapshot: Snapshot) -> Iterator[Finding]:
    """Each exception has a label; one without matches no pod, and old versions stored null."""
    for entry in _of_people(snapshot):
        if not entry.pod_labels:
            message = f"{EXCEPTION.name(entry.key)} has no labels, so it matches no pod."
            yield Finding("warning", str(entry.key), message, EXCEPTION.delete_command(snapshot.cluster, entry.key))


def impossible_labels(snapshot: Snapshot) -> Iterator[Finding]:
    """A pod can have each label of an exception."""
    for entry in _of_people(snapshot):
        for key, value in entry.pod_labels.items():
            if not _is_label(key, value):
                message = f"{EXCEPTION.name(entry.key)} has {key}={value}, which no pod can have as a label."
                show = EXCEPTION.command(snapshot.cluster, "list", "--output", "table")
                yield Finding("warning", str(entry.key), message, show)


def several_labels(snapshot: Snapshot) -> Iterator[Finding]:
    """Where people may expect that a pod must have all the labels of an exception."""
    for entry in _of_people(snapshot):
        if len(entry.pod_labels) > 1:
            labels = " or ".join(label_arguments(entry.pod_labels))
            message = f"{EXCEPTION.name(entry.key)} matches pods with any one of its labels, not with all: {labels}."
            yield Finding("info", str(entry.key), message)


def _of_people(snapshot: Snapshot) -> Iterator[PodIdentityException]:
    return (entry for entry in snapshot.cluster.profile.exceptions if entry.key != SERVICE_EXCEPTION)


def _is_label(key: str, value: str) -> bool:
    try:
        check_pod_labels({key: value})
    except InvalidArgumentValueError:
        return False
    return True
