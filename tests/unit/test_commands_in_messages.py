# SPDX-License-Identifier: MIT

from __future__ import annotations

from shlex import split

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from azext_podidentity.profile.cluster_reference import ClusterReference
from tests.support.az_parser import AzParser
from tests.support.builders import REFERENCE, commands_in, option
from tests.support.message_cases import MESSAGE_CASES

# Subscription names allow any character, resource group names allow parentheses.
nasty = st.text(st.sampled_from("ab-_.() '\"$`\\;|&<>*?~#!%{}\u00e9"), max_size=12).map("a{}".format)
# Commands that name a scope, the subscription of a managed identity, a tenant or a resource provider.
ELSEWHERE = (
    *(["role", "assignment"], ["identity", "create"], ["group", "create"], ["lock", "list"]),
    *(["policy", "assignment"], ["provider", "register"], ["login", "--tenant"], ["account", "list"], ["login"]),
)
message_cases = pytest.mark.parametrize("case", MESSAGE_CASES)


@message_cases
def test_suggested_commands_parse(case: str, az: AzParser) -> None:
    error = MESSAGE_CASES[case](REFERENCE)
    commands = commands_in(error)
    assert bool(commands) == any(each.endswith(":") for each in error.recommendations)
    assert commands or case.startswith("response: ")
    for command in commands:
        az.parse(command)


@message_cases
@settings(max_examples=20)
@given(group=nasty, name=nasty, subscription=nasty)
def test_suggested_commands_name_same_cluster(case: str, group: str, name: str, subscription: str) -> None:
    for command in commands_in(MESSAGE_CASES[case](ClusterReference(group, name, subscription))):
        if command[1:3] not in ELSEWHERE:
            assert option(command, "--subscription") == [subscription]
        if command[1:3] in (["aks", "pod-identity"], ["aks", "nodepool"]):
            assert option(command, "--resource-group") == [group]
            assert option(command, "--cluster-name") == [name]
        if command[1:3] == ["aks", "update"]:
            assert option(command, "--resource-group") == [group]
            assert option(command, "--name") == [name]


@message_cases
def test_suggested_commands_add_no_subscription(case: str) -> None:
    for command in commands_in(MESSAGE_CASES[case](REFERENCE)):
        assert command[1] in ("identity", "group", "lock") or "--subscription" not in command


@given(st.lists(nasty, min_size=1, max_size=4), nasty)
def test_arguments_are_quoted_for_shell(arguments: list[str], subscription: str) -> None:
    reference = ClusterReference("rg", "cluster", subscription)
    line = reference.pod_identity_command("exception update", "--pod-labels", *arguments)
    assert option(split(line), "--pod-labels") == arguments
    assert split(line)[:5] == ["az", "aks", "pod-identity", "exception", "update"]
    assert option(split(reference.update_command(*arguments)), "--subscription") == [subscription]
