"""Files → the entries that people want, whichever of the known formats they are in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from azure.cli.core.azclierror import ValidationError

from azext_podidentity.manifest.collector import Found
from azext_podidentity.manifest.native import read_own
from azext_podidentity.manifest.open_source import OpenSource
from azext_podidentity.manifest.problems import HELP, Problems
from azext_podidentity.manifest.source import read_documents
from azext_podidentity.profile.entries import Entries, PodIdentity, PodIdentityException

_IGNORED = "Kubernetes objects of other kinds are left aside: {}."
_NEITHER = "is neither a file of this format, which has `version: 1`, nor a Kubernetes object with apiVersion and kind"


@dataclass(frozen=True)
class Manifest:
    """The entries of all files, in their order; `notes` are what people should know, a sentence each."""

    identities: Entries[PodIdentity] = field(default_factory=Entries)
    exceptions: Entries[PodIdentityException] = field(default_factory=Entries)
    notes: tuple[str, ...] = ()


def read(files: Iterable[tuple[str, bytes]], subscription: str) -> Manifest:
    """The entries of the files, each given by name and content; a file may have several YAML documents.

    `subscription` is the id of the subscription of managed identities that are given by name and resource group.
    Kubernetes objects that have nothing to do with pod identities are left aside. Raises ValidationError that has
    everything that is wrong with any of the files, each with file and line.
    """
    problems = Problems()
    found = Found(problems)
    objects = OpenSource(found)
    own = False
    for file, content in files:
        for document in read_documents(file, content, problems):
            if isinstance(document.value, dict) and "kind" in document.value and "apiVersion" in document.value:
                objects.read(document)
            elif isinstance(document.value, dict) and "version" in document.value:
                own = True
                read_own(document, found, subscription)
            else:
                problems.add(document.place(), _NEITHER)
    objects.finish()
    problems.check()
    if not (own or found.identities or found.exceptions):
        raise ValidationError("The files have no pod identities and no exceptions.", HELP)
    return Manifest(
        Entries(entry for entry, _ in found.identities.values()),
        Entries(entry for entry, _ in found.exceptions.values()),
        (*found.notes, *([_IGNORED.format(objects.ignored)] if objects.ignored else ())),
    )
