# SPDX-License-Identifier: MIT
"""Add the user's options to suggested commands that repeat the user's own command."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.shell import command_line
from azext_podidentity.profile.validation import name_from_managed_identity

GROUP = "aks pod-identity"
# For each command, the verbs of suggested commands that repeat it.
_REPEATED_BY = {
    "add": ("add", "update"),
    "update": ("update",),
    "delete": ("delete",),
    "exception add": ("exception add", "exception update"),
    "exception update": ("exception update",),
    "exception delete": ("exception delete",),
}
_IDENTITY = "--identity-resource-id"
# The options to add. A suggested command already has the options that identify and define the entry.
_FLAGS = {
    "skip_role_assignment": "--skip-role-assignment",
    "delete_role_assignment": "--delete-role-assignment",
    "yes": "--yes",
    "no_wait": "--no-wait",
}
_OF_IDENTITY = {"client_id": "--client-id", "object_id": "--object-id"}


def complete(command: str, own: str, given: Mapping[str, Any]) -> str:
    """Return the suggested command with the options that it lacks, if it repeats the user's own command.

    `own` is that command, as in `aks pod-identity add`, and `given` has the values of its parameters by name. A command
    about other entries, and one that is not about entries, is returned as it is.
    """
    verb = own.removeprefix(f"{GROUP} ")
    if not any(command.startswith(f"az {GROUP} {each} --") for each in _REPEATED_BY.get(verb, ())):
        return command
    words = shlex.split(command)
    if not set(_names(given)) & {word.rpartition("/")[2] for word in words}:
        return command
    missing = [option for option in _options(words, given) if option[0] not in words]
    added = command_line(*(word for option in missing for word in option)).removeprefix("az")
    return f"{command}{added}"


def _names(given: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of the user's entries."""
    yield from filter(None, (given.get("entry_name"),))
    yield from (each.name if isinstance(each, EntryKey) else each for each in given.get("entry_names") or ())
    if not given.get("entry_names"):
        yield from map(name_from_managed_identity, given.get("identity_resource_ids") or ())


def _options(words: Sequence[str], given: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """Yield the user's options, with their values, that neither identify nor define an entry."""
    if _IDENTITY in words:  # not if the entry keeps its managed identity
        yield from ((option, given[name]) for name, option in _OF_IDENTITY.items() if given.get(name))
    yield from ((option,) for name, option in _FLAGS.items() if given.get(name))
    if headers := given.get("aks_custom_headers"):
        yield "--aks-custom-headers", ",".join(f"{name}={value}" for name, value in headers.items())
    if timeout := given.get("timeout"):
        yield "--timeout", str(timeout)
