"""The two lists of a profile: what their entries are called, how many there may be, which commands are about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from azure.cli.core.azclierror import ResourceNotFoundError, ValidationError

from azext_podidentity.profile.cluster import Cluster, off_hint
from azext_podidentity.profile.entries import Entries, EntryKey, Keyed, Profile
from azext_podidentity.profile.text import some_of
from azext_podidentity.profile.validation import MAX_EXCEPTIONS, MAX_IDENTITIES

# The service keeps it for its own add-ons when pod identity is enabled.
SERVICE_EXCEPTION = EntryKey("kube-system", "aks-addon-exception")
_LISTED = 20


@dataclass(frozen=True)
class EntryType:
    """One of the two lists of a profile, and what people call its entries."""

    field: str
    noun: str
    commands: str
    limit: int

    def entries(self, profile: Profile) -> Entries[Keyed]:
        """The list in that profile."""
        entries: Entries[Keyed] = getattr(profile, self.field)
        return entries

    def replaced(self, profile: Profile, entries: Entries[Keyed]) -> Profile:
        """The profile with another list in place of this one."""
        changes: dict[str, Any] = {self.field: entries}
        return replace(profile, **changes)

    def name(self, key: EntryKey) -> str:
        """An entry as it is called in a message."""
        return f"{self.noun} {key.name!r} in namespace {key.namespace!r}"

    def command(self, cluster: Cluster, verb: str, *arguments: str) -> str:
        """A command line that can be pasted, about this kind of entry on that cluster."""
        return cluster.reference.pod_identity_command(f"{self.commands} {verb}", *arguments)

    def delete_command(self, cluster: Cluster, *keys: EntryKey) -> str:
        """The command that removes those entries in one write, to be pasted."""
        namespace = keys[0].namespace
        names = (key.name if key.namespace == namespace else str(key) for key in keys)
        options = (word for name in names for word in ("--name", name))
        return self.command(cluster, "delete", "--namespace", namespace, *options)

    def check_limit(self, cluster: Cluster, wanted: int | None = None) -> None:
        """Raises ValidationError where the list has no room for `wanted` entries, or for one more."""
        count = len(self.entries(cluster.profile))
        wanted = count + 1 if wanted is None else wanted
        if wanted > self.limit:
            raise ValidationError(
                f"Cluster {cluster.reference.name!r} has {count} entries of the kind {self.noun.lower()} "
                f"and would have {wanted}; {self.limit} are allowed.",
                "Remove one that is not needed any more, or use another cluster. List them with:\n"
                + self.command(cluster, "list", "--output", "table"),
            )

    def absent(self, cluster: Cluster, *keys: EntryKey) -> ResourceNotFoundError:
        """The error for entries that are not there: it lists those that are."""
        names, do = ", ".join(map(self.name, keys)), "does" if len(keys) == 1 else "do"
        there = [str(entry.key) for entry in self.entries(cluster.profile)]
        have = f"It has (namespace/name): {some_of(there, _LISTED)}." if there else "It has none."
        return ResourceNotFoundError(
            f"{names} {do} not exist on cluster {cluster.reference.name!r}. {have}",
            off_hint(cluster) or f"List them with:\n{self.command(cluster, 'list', '--output', 'table')}",
        )


IDENTITY = EntryType("identities", "Pod identity", "", MAX_IDENTITIES)
EXCEPTION = EntryType("exceptions", "Pod identity exception", "exception", MAX_EXCEPTIONS)
ENTRY_TYPES = (IDENTITY, EXCEPTION)


def check_not_of_service(key: EntryKey) -> None:
    """Raises ValidationError for the exception that the service keeps for its own add-ons."""
    if key == SERVICE_EXCEPTION:
        raise ValidationError(
            f"{EXCEPTION.name(key)} belongs to the service: it keeps AKS's own add-ons running and cannot be changed.",
            "Choose another --name or --namespace.",
        )


def key_arguments(key: EntryKey) -> tuple[str, ...]:
    """The options that name an entry on a command line."""
    return "--namespace", key.namespace, "--name", key.name


def label_arguments(labels: Mapping[str, str]) -> list[str]:
    """Labels as `--pod-labels` takes them."""
    return [f"{key}={value}" for key, value in labels.items()]
