# SPDX-License-Identifier: MIT
"""Parse files in any of the supported formats into the entries of a manifest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.manifest.collector import EntryCollector
from azext_podidentity.manifest.native import read_native
from azext_podidentity.manifest.open_source import OpenSourceReader
from azext_podidentity.manifest.problems import HELP, Problems
from azext_podidentity.manifest.selector import ClusterSelector
from azext_podidentity.manifest.yaml_documents import read_documents
from azext_podidentity.profile.entries import Entries, PodIdentity, PodIdentityException

_IGNORED = "Kubernetes objects of other kinds are ignored: {}."
_NEITHER = "is neither a manifest, which has `version: 1`, nor a Kubernetes object with apiVersion and kind"


@dataclass(frozen=True)
class Manifest:
    """The entries of all files in order, the selectors of clusters, and `notes`: one sentence each."""

    identities: Entries[PodIdentity] = field(default_factory=Entries)
    exceptions: Entries[PodIdentityException] = field(default_factory=Entries)
    notes: tuple[str, ...] = ()
    clusters: tuple[ClusterSelector, ...] = ()


def parse_manifest(files: Iterable[tuple[str, bytes]], subscription: str, namespace: str = "") -> Manifest:
    """Return the entries of the files, each a name and content; a file can have several YAML documents.

    `subscription`: the ID of the default subscription of managed identities. `namespace`: the default Kubernetes
    namespace; without it, an entry without a namespace is a problem. Kubernetes objects of other kinds are ignored.
    Raise ValidationError with the problems of all files, each with its file and line.
    """
    problems = Problems()
    collector = EntryCollector(problems, namespace)
    objects = OpenSourceReader(collector)
    has_native = False
    for file, content in files:
        for document in read_documents(file, content, problems):
            if isinstance(document.value, dict) and "kind" in document.value and "apiVersion" in document.value:
                objects.read(document)
            elif isinstance(document.value, dict) and "version" in document.value:
                has_native = True
                read_native(document, collector, subscription)
            else:
                problems.add(document.place(), _NEITHER)
    objects.finish()
    problems.check()
    if not (has_native or collector.identities or collector.exceptions):
        message = " ".join(["The manifest has no pod identities and no exceptions.", *collector.notes])
        raise ValidationError(message, HELP)
    return Manifest(
        Entries(entry for entry, _ in collector.identities.values()),
        Entries(entry for entry, _ in collector.exceptions.values()),
        (*collector.notes, *([_IGNORED.format(objects.ignored)] if objects.ignored else ())),
        tuple(collector.clusters),
    )
