# SPDX-License-Identifier: MIT
"""What the extension asked of the service, and what the service said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from azext_podidentity.profile.entries import EntryKey, Found, Unreadable

if TYPE_CHECKING:
    from azext_podidentity.profile.cluster import Cluster


class Stage(Enum):
    """What the extension was doing when the service reported the error."""

    READ = "reading the cluster"
    LOOKUP = "reading another resource"
    WRITE = "changing the cluster"
    OPERATION = "waiting for the operation"
    ENTRY = "provisioning a pod identity"
    GRANT = "changing a role assignment"
    CREDENTIAL = "changing a federated credential"
    BINDING = "changing an identity binding"


class Retry(Enum):
    """What can make the request succeed without the user."""

    NO = "no"
    AFRESH = "read the cluster again and apply the change to its latest state"
    LATER = "send the request again, after the Retry-After of the response if there is one"


ON_CLUSTER = frozenset({Stage.READ, Stage.WRITE, Stage.OPERATION, Stage.ENTRY})
CHANGES = frozenset({Stage.WRITE, Stage.OPERATION, Stage.ENTRY})
ANYWHERE = frozenset(Stage)


@dataclass(frozen=True)
class ChangeContext:
    """What was attempted when the service refused.

    removing: the pod identities that the change removes. unknown_roles: why the role assignments on a managed identity
    could not be read, by its resource ID in lower case.
    """

    removing: tuple[EntryKey, ...] = ()
    unknown_roles: Mapping[str, str] = field(default_factory=dict)


NO_CONTEXT = ChangeContext()


class ServiceMessage(NamedTuple):
    """One error of a response: its code and its message, either of which may be empty."""

    code: str
    message: str


def _nothing_known(_: str) -> Found:
    return Unreadable("it was not looked up.")


@dataclass(frozen=True)
class Request:
    """What the extension asked for.

    cluster: None for a request that is not about a cluster. find: returns what a managed identity's resource ID names
    today.
    """

    stage: Stage
    cluster: Cluster | None = None
    find: Callable[[str], Found] = _nothing_known
    context: ChangeContext = NO_CONTEXT
