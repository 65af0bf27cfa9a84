# SPDX-License-Identifier: MIT
"""Values and fakes that the unit tests share."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from azure.cli.core.azclierror import AzCLIError
from azure.core.exceptions import HttpResponseError

from azext_podidentity.profile.cluster import Cluster
from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.validation import (
    check_binding_selector,
    check_name,
    check_namespace,
)

Json = dict[str, Any]

SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
PRINCIPAL = "66666666-7777-8888-9999-aaaaaaaaaaaa"
REFERENCE = ClusterReference("rg", "cluster")
KEY = EntryKey("my-app", "my-pod-identity")
CHECKS = {"name": check_name, "namespace": check_namespace, "selector": check_binding_selector}


def identity_id(name: str = "app-identity", group: str = "rg") -> str:
    """Return the resource ID of a managed identity."""
    return (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{group}"
        f"/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{name}"
    )


def identity_entry(key: EntryKey = KEY, resource_id: str = identity_id(), state: str = "Assigned", **more: Any) -> Json:
    """Return a pod identity as ARM sends it."""
    ids = {"clientId": f"client of {resource_id}", "objectId": f"object of {resource_id}"}
    return {
        "namespace": key.namespace,
        "name": key.name,
        "identity": {"resourceId": resource_id, **ids},
        "provisioningState": state,
        **more,
    }


def exception_entry(key: EntryKey = KEY, labels: Mapping[str, str] | None = None) -> Json:
    """Return an exception as ARM sends it. Without labels, it is as old versions stored it."""
    return {"namespace": key.namespace, "name": key.name, "podLabels": labels}


def cluster_json(
    identities: Sequence[Json] = (), exceptions: Sequence[Json] = (), *, enabled: bool = True, **properties: Any
) -> Json:
    """Return a managed cluster as ARM sends it: system-assigned, Azure CNI, one Linux node pool."""
    return {
        "identity": {"type": "SystemAssigned", "principalId": PRINCIPAL},
        "properties": {
            "provisioningState": "Succeeded",
            "networkProfile": {"networkPlugin": "azure"},
            "agentPoolProfiles": [{"name": "nodes", "type": "VirtualMachineScaleSets", "osType": "Linux"}],
            "podIdentityProfile": {
                "enabled": enabled,
                "userAssignedIdentities": list(identities),
                "userAssignedIdentityExceptions": list(exceptions),
            },
            **properties,
        },
    }


def cluster_of(
    identities: Sequence[Json] = (),
    exceptions: Sequence[Json] = (),
    *,
    reference: ClusterReference = REFERENCE,
    **properties: Any,
) -> Cluster:
    """Return the parsed cluster of `cluster_json`."""
    return Cluster.from_json(reference, cluster_json(identities, exceptions, **properties))


def text_of(error: AzCLIError) -> str:
    """Return everything that az prints for the error."""
    return "\n".join([error.error_msg, *error.recommendations])


def commands_in(error: AzCLIError) -> list[list[str]]:
    """Return the command lines in the error's advice, split into words.

    Raise AssertionError if one is not quoted for a shell.
    """
    lines = [each for each in error.recommendations if each.startswith("az ")]
    return [command_words(re.sub(r" > [\w.-]+$", "", line)) for line in lines]


def only_command_in(error: AzCLIError) -> list[str]:
    """Return the only command line in the error's advice."""
    (command,) = commands_in(error)
    return command


def option(words: Sequence[str], name: str) -> list[str]:
    """Return the values of an option on a command line, or an empty list if it is missing."""
    if name not in words:
        return []
    values: list[str] = []
    for word in words[words.index(name) + 1 :]:
        if word.startswith("--"):
            break
        values.append(word)
    return values


class Response:
    """The parts of a response that azure-core's errors use."""

    def __init__(self, status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> None:
        self.status_code = status
        self.reason = "Some Reason"
        self.request: Any = None
        self.headers = dict(headers or {})
        self._text = body if isinstance(body, str) else json.dumps(body)

    def text(self, encoding: str | None = None) -> str:
        return self._text


def http_error(status: int, body: Any = "", headers: Mapping[str, str] | None = None) -> HttpResponseError:
    """Return the SDK's error for a response. A body that is not a string is serialized as JSON."""
    return HttpResponseError(response=Response(status, body, headers))


def refusal(code: str, message: str, status: int = 400, headers: Mapping[str, str] | None = None) -> HttpResponseError:
    """Return the SDK's error for a refused request, with a body as the provider sends it."""
    return http_error(status, {"code": code, "details": None, "message": message, "subcode": ""}, headers)


def missing_role(resource_id: str, client_id: str = "the-client", object_id: str = "the-object") -> str:
    """Return the service's message if the cluster identity has no role over a managed identity."""
    return (
        f"Cluster identity has no assignment permission over identity 'resourceId: {resource_id} - clientId: "
        f"{client_id} - objectId: {object_id}'. Please grant at least 'Managed Identity Operator' "
        "permission before assigning pod identity."
    )


class Clock:
    """A replacement of the module `time` in which sleeping takes no real time."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def command_words(line: str) -> list[str]:
    """Return the words of a command line. Raise AssertionError if it is not quoted for a shell."""
    words = shlex.split(line)
    assert shlex.join(words) == line, f"not quoted for a shell: {line}"
    return words
