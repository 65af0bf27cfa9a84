# SPDX-License-Identifier: MIT
"""The two types of entries in a profile: their names, limits and commands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.eligibility import disabled_advice
from azext_podidentity.profile.entries import Entries, EntryKey, Keyed, Profile
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.validation import MAX_EXCEPTIONS, MAX_IDENTITIES

# The exception that the service manages for its own add-ons while pod identity is enabled.
SERVICE_EXCEPTION = EntryKey("kube-system", "aks-addon-exception")
_LISTED = 20


@dataclass(frozen=True)
class EntryType:
    """One of the two types of entries in a profile.

    field: the attribute of `Profile`. noun: the name of an entry in messages. commands: the command group under
    `az aks pod-identity`. limit: the maximum number of entries per cluster.
    """

    field: str
    noun: str
    commands: str
    limit: int

    def entries(self, profile: Profile) -> Entries[Keyed]:
        """Return the entries of this type in the profile."""
        entries: Entries[Keyed] = getattr(profile, self.field)
        return entries

    def replaced(self, profile: Profile, entries: Entries[Keyed]) -> Profile:
        """Return the profile with the entries of this type replaced."""
        changes: dict[str, Any] = {self.field: entries}
        return replace(profile, **changes)

    def name(self, key: EntryKey) -> str:
        """Return the name of an entry for messages."""
        return f"{self.noun} {key.name!r} in namespace {key.namespace!r}"

    def command(self, cluster: Cluster, verb: str, *arguments: str) -> str:
        """Return a command line about entries of this type on the cluster."""
        return cluster.reference.pod_identity_command(f"{self.commands} {verb}", *arguments)

    def list_command(self, cluster: Cluster) -> str:
        """Return the command that lists the entries of this type on the cluster."""
        return self.command(cluster, "list", "--output", "table")

    def delete_command(self, cluster: Cluster, *keys: EntryKey) -> str:
        """Return the command that removes the entries in one write."""
        namespace = keys[0].namespace
        names = (key.name if key.namespace == namespace else f"{key.namespace}/{key.name}" for key in keys)
        options = (word for name in names for word in ("--name", name))
        return self.command(cluster, "delete", "--namespace", namespace, *options)

    def check_limit(self, cluster: Cluster, wanted: int | None = None) -> None:
        """Raise ValidationError if the cluster cannot have `wanted` entries, by default one more than it has."""
        count = len(self.entries(cluster.profile))
        wanted = count + 1 if wanted is None else wanted
        if wanted > self.limit:
            raise Advice(
                f"A cluster can have at most {self.limit} entries of type '{self.noun.lower()}'. Cluster "
                f"{cluster.reference.name!r} has {count} and would have {wanted}.",
                ("Remove an entry that is no longer needed, or use another cluster. To list the entries, run:",),
                (self.list_command(cluster),),
            ).error(ValidationError)

    def absent(self, cluster: Cluster, *keys: EntryKey) -> ResourceNotFoundError:
        """Return the error for entries that do not exist; it lists the existing ones."""
        names, do = ", ".join(map(self.name, keys)), "does" if len(keys) == 1 else "do"
        existing = [str(entry.key) for entry in self.entries(cluster.profile)]
        have = f"Existing entries: {some_of(existing, _LISTED)}." if existing else "The cluster has none."
        reason = f"{names} {do} not exist on cluster {cluster.reference.name!r}. {have}"
        if cluster.profile.enabled:
            return Advice(reason, ("To list them, run:",), (self.list_command(cluster),)).error(ResourceNotFoundError)
        disabled = disabled_advice(cluster)
        return Advice(f"{reason} {disabled.reason}", disabled.steps, disabled.commands).error(ResourceNotFoundError)


IDENTITY = EntryType("identities", "Pod identity", "", MAX_IDENTITIES)
EXCEPTION = EntryType("exceptions", "Pod identity exception", "exception", MAX_EXCEPTIONS)
ENTRY_TYPES = (IDENTITY, EXCEPTION)


def check_not_of_service(key: EntryKey) -> None:
    """Raise ValidationError if it is the exception that the service manages for its own add-ons."""
    if key == SERVICE_EXCEPTION:
        raise ValidationError(
            f"{EXCEPTION.name(key)} is managed by AKS for its own add-ons and cannot be changed.",
            ["Choose another --name or --namespace."],
        )


def key_arguments(key: EntryKey) -> tuple[str, ...]:
    """Return the command-line options that identify an entry."""
    return "--namespace", key.namespace, "--name", key.name


def label_arguments(labels: Mapping[str, str]) -> list[str]:
    """Return the labels as arguments of `--pod-labels`."""
    return [f"{key}={value}" for key, value in labels.items()]
