# SPDX-License-Identifier: MIT
"""The extension's requests to the service and the service's error messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from azext_podidentity.profile.entries import EntryKey, Found, Unreadable

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster import Cluster


class Stage(Enum):
    """The step in which the service reported an error."""

    READ = "reading the cluster"
    LOOKUP = "reading another resource"
    WRITE = "changing the cluster"
    OPERATION = "waiting for the operation"
    ENTRY = "provisioning a pod identity"
    GRANT = "changing a role assignment"
    CREDENTIAL = "changing a federated credential"
    BINDING = "changing an identity binding"


class Retry(Enum):
    """How to retry a request without the user."""

    NO = "no"
    REAPPLY = "read the cluster again and apply the change to its latest state"
    LATER = "send the request again, after the Retry-After of the response if there is one"


ON_CLUSTER = frozenset({Stage.READ, Stage.WRITE, Stage.OPERATION, Stage.ENTRY})
CHANGES = frozenset({Stage.WRITE, Stage.OPERATION, Stage.ENTRY})
ANYWHERE = frozenset(Stage)


@dataclass(frozen=True)
class ChangeContext:
    """The change that the service refused.

    removing: the pod identities that the change removes. unknown_roles: the reasons why role assignments could not be
    read, by the resource ID of the managed identity in lower case.
    """

    removing: tuple[EntryKey, ...] = ()
    unknown_roles: Mapping[str, str] = field(default_factory=dict)


NO_CONTEXT = ChangeContext()


class ServiceMessage(NamedTuple):
    """One error of a response: its code and its message; either can be empty."""

    code: str
    message: str


def _not_looked_up(_: str) -> Found:
    return Unreadable("it was not looked up.")


@dataclass(frozen=True)
class Request:
    """A request of the extension.

    cluster: None for a request that is not about a cluster. find: returns the managed identity that currently has a
    resource ID.
    """

    stage: Stage
    cluster: Cluster | None = None
    find: Callable[[str], Found] = _not_looked_up
    context: ChangeContext = NO_CONTEXT
