# SPDX-License-Identifier: MIT
"""Find errors of the service in the table of known errors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from azext_podidentity.profile.advice import Advice
from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.service_requests import ANYWHERE, CHANGES, Request, Retry, ServiceMessage, Stage

# HTTP statuses that stand for a code, for responses without a standard one.
_CODE_OF_STATUS = {412: "PreconditionFailed", 429: "TooManyRequests"}


@dataclass(frozen=True)
class Failure:
    """An error of the service that matched a row of the table."""

    request: Request
    said: ServiceMessage
    match: re.Match[str]

    @property
    def target(self) -> Cluster:
        """Return the cluster. Raise ValueError for a request that is not about one."""
        if self.request.cluster is None:
            raise ValueError(f"{self.request.stage} is not about a cluster")
        return self.request.cluster

    @cached_property
    def fields(self) -> Mapping[str, str]:
        """Return the values that texts of the table can use: the groups of the pattern, principal and cluster."""
        found = {name: value or "" for name, value in self._groups.items()}
        found["principal"] = self._principal(found.get("object_id", ""))
        if self.request.cluster is not None:
            found["cluster"] = self.request.cluster.reference.name
            found["resource_group"] = self.request.cluster.reference.resource_group
        return found

    @property
    def _groups(self) -> dict[str, str | None]:
        return self.match.groupdict()  # pylint: disable=no-member

    @property
    def is_cluster_identity(self) -> bool:
        """Return whether the message is about the cluster identity."""
        object_id = self._groups.get("object_id") or ""
        return bool(object_id) and object_id.lower() == (self._principal_id or "").lower()

    @property
    def _principal_id(self) -> str | None:
        return self.request.cluster.principal_id if self.request.cluster else None

    def _principal(self, object_id: str) -> str:
        """Return the principal that the message is about, for use in a sentence.

        If the request itself is refused, that is the caller or the cluster identity. If an operation fails later, it
        can be another identity that acts for the cluster.
        """
        if self.is_cluster_identity:
            return "The cluster identity"
        stage = self.request.stage
        certain = stage not in CHANGES or (stage is Stage.WRITE and self._principal_id)
        return "The signed-in account" if certain or not object_id else f"The principal with object ID '{object_id}'"


def _no_commands(_: Failure) -> tuple[str, ...]:
    return ()


@dataclass(frozen=True)
class KnownError:  # pylint: disable=too-many-instance-attributes
    """One row of the table.

    codes: the codes that match; empty matches any code. pattern: a regular expression to find in the message; texts can
    use its groups as {group}. sample: a message that the row matches. cause: why the service reports the error. fix:
    what to do, with a colon at the end if commands follow. stages: the steps in which the error occurs. pod_identity:
    whether the error is about pod identity and is also explained for `az aks create` and `az aks update`. replaced:
    whether another client's write replaced the operation. advice: used instead of cause, fix and commands if a text is
    not enough. heading: the heading in docs/troubleshooting.md, if not the codes.
    """

    codes: tuple[str, ...]
    sample: str
    cause: str = ""
    fix: str = ""
    commands: Callable[[Failure], tuple[str, ...]] = _no_commands
    pattern: str = ""
    stages: frozenset[Stage] = ANYWHERE
    pod_identity: bool = False
    retry: Retry = Retry.NO
    replaced: bool = False
    advice: Callable[[Failure], Advice] | None = None
    heading: str = ""

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL)

    def match(self, codes: Iterable[str], message: str, stage: Stage) -> re.Match[str] | None:
        """Return the match of the pattern if the row applies to the error, else None."""
        if stage not in self.stages or (self.codes and self.codes_lower.isdisjoint(map(str.lower, codes))):
            return None
        return self._pattern.search(message)

    @cached_property
    def codes_lower(self) -> frozenset[str]:
        """Return the codes in lower case, because the letter case of the service's codes varies."""
        return frozenset(map(str.lower, self.codes))

    def advise(self, failure: Failure) -> Advice:
        """Return the advice for a failure that matched this row."""
        if self.advice is not None:
            return self.advice(failure)
        steps = (self.fix.format_map(failure.fields),) if self.fix else ()
        return Advice(self.cause.format_map(failure.fields), steps, self.commands(failure))


def find_known(
    rows: Iterable[KnownError], errors: Iterable[ServiceMessage], request: Request, status: int = 0
) -> tuple[KnownError, Failure] | None:
    """Return the first row that matches one of the errors, and the failure; None for an unknown error.

    errors: the errors of one response, the outermost first. status: the HTTP status, 0 if there was none.
    """
    said = [(each, (each.code, _CODE_OF_STATUS.get(status, ""))) for each in errors]
    for row in rows:
        for each, codes in said:
            if match := row.match(codes, each.message, request.stage):
                return row, Failure(request, each, match)
    return None
