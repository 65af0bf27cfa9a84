# SPDX-License-Identifier: MIT
"""Suggested commands that repeat the user's command keep its options."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from azure.cli.core.azclierror import AzCLIError

from azext_podidentity.profile.cluster_reference import ClusterReference
from azext_podidentity.profile.entries import EntryKey
from azext_podidentity.profile.repeated_commands import complete
from tests.support.az_parser import AzParser
from tests.support.builders import KEY, identity_id
from tests.support.message_cases import MESSAGE_CASES

REFERENCE = ClusterReference("rg", "cluster")
# Which entry of which cluster, and what becomes of it: these are in each suggested command as far as they matter.
OF_ENTRY = {"--namespace", "--name", "--identity-resource-id", "--binding-selector", "--pod-labels", "--force"}
OF_CLUSTER = {"--resource-group", "--cluster-name", "--cluster", "--ids", "--subscription"}
# Prefixes that are taken for others (see _params), and what az adds.
OF_AZ = {"--c", "--i", "--cmd", "-h"}
IDS = {"--client-id", "--object-id"}
# The verbs by which messages repeat each verb.
REPEATED = {
    "add": {"add", "update"},
    "update": {"update"},
    "delete": {"delete"},
    "exception add": {"exception update"},
    "exception update": {"exception update"},
    "exception delete": {"exception delete"},
}
GIVEN: dict[str, Any] = {
    "client_id": "the-client",
    "object_id": "the-object",
    "skip_role_assignment": True,
    "delete_role_assignment": True,
    "yes": True,
    "no_wait": True,
    "aks_custom_headers": {"One": "it's", "Two": "2"},
    "timeout": 77,
}
NAMES: dict[str, dict[str, Any]] = {
    "add": {"entry_names": [KEY.name], "identity_resource_ids": [identity_id()]},
    "update": {"entry_name": KEY.name},
    "delete": {"entry_names": [KEY]},
    "exception add": {"entry_name": KEY.name},
    "exception update": {"entry_name": KEY.name},
    "exception delete": {"entry_names": [KEY]},
}


def options_given(az: AzParser, verb: str) -> set[str]:
    """Return the options of the command that are not about the entry or the cluster."""
    return az.options(f"aks pod-identity {verb}").keys() - OF_ENTRY - OF_CLUSTER - OF_AZ


def commands_of(error: AzCLIError) -> list[str]:
    return [each for each in error.recommendations if each.startswith("az aks pod-identity ")]


@pytest.mark.parametrize("verb", NAMES)
def test_repeated_command_keeps_given_options(az: AzParser, verb: str) -> None:
    options = options_given(az, verb)
    given = {name: value for name, value in GIVEN.items() if f"--{name.replace('_', '-')}" in options} | NAMES[verb]
    assert len(given) == len(options) + len(NAMES[verb])
    repeated = set()
    for explain in MESSAGE_CASES.values():
        for command in commands_of(explain(REFERENCE)):
            completed = complete(command, f"aks pod-identity {verb}", given)
            words = shlex.split(completed)
            if KEY.name in words and command.startswith(f"az aks pod-identity {verb} --"):
                assert options - (set() if "--identity-resource-id" in words else IDS) <= set(words), completed
            if completed != command:
                az.parse(words)
                repeated.add(" ".join(words[3:]).partition(" --")[0])
    assert repeated == REPEATED[verb]


@pytest.mark.parametrize(
    ("command", "own", "names"),
    [
        ("add --namespace my-app --name other --force", "add", NAMES["add"]),
        ("delete --namespace my-app --name app", "add", NAMES["add"]),
        ("list --output table", "add", NAMES["add"]),
        ("check --output table", "check", {}),
    ],
    ids=["other entry", "other verb", "list", "own list"],
)
def test_other_commands_are_unchanged(command: str, own: str, names: dict[str, Any]) -> None:
    text = f"az aks pod-identity {command}"
    assert complete(text, f"aks pod-identity {own}", {**GIVEN, **names}) == text


def test_name_defaults_to_managed_identity() -> None:
    given = {"identity_resource_ids": [identity_id()], "timeout": 5}
    name = identity_id().rpartition("/")[2]
    command = f"az aks pod-identity update --namespace my-app --name {name} --binding-selector x"
    assert complete(command, "aks pod-identity add", given) == f"{command} --timeout 5"


def test_entry_of_other_namespace() -> None:
    command = "az aks pod-identity delete --namespace my-app --name other/app"
    given = {"entry_names": [EntryKey("other", "app")], "no_wait": True}
    assert complete(command, "aks pod-identity delete", given) == f"{command} --no-wait"
