# SPDX-License-Identifier: MIT

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import yaml

from azext_podidentity._help import HELP
from tests.support.az_parser import AzParser

GROUP = "aks pod-identity"
TEXTS: dict[str, dict[str, Any]] = {name: yaml.safe_load(text) for name, text in HELP.items()}
COMMANDS = [name for name, text in TEXTS.items() if text["type"] == "command"]


def test_every_command_of_the_group_has_a_help_text_and_every_text_a_command(az: AzParser) -> None:
    assert {name for name in az.own_commands if name.startswith(GROUP)} == set(COMMANDS)
    groups = {name.rpartition(" ")[0] for name in COMMANDS}
    assert {name for name, text in TEXTS.items() if text["type"] == "group"} == groups


@pytest.mark.parametrize("name", TEXTS)
def test_a_help_text_begins_with_a_summary_of_one_sentence(name: str) -> None:
    summary = TEXTS[name]["short-summary"]
    assert summary[0].isupper()
    assert summary.endswith(".")
    assert "\n" not in summary


@pytest.mark.parametrize("name", COMMANDS)
def test_every_example_is_a_command_line_that_az_takes(name: str, az: AzParser) -> None:
    examples = TEXTS[name]["examples"]
    assert examples
    for example in examples:
        assert example["name"].endswith(".")
        assert example["text"].startswith(f"az {name} ")
        az.parse(shlex.split(re.sub(r" \| tee [\w.-]+$", "", example["text"])))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_explained(name: str, az: AzParser) -> None:
    assert {option: text for option, text in az.options(name).items() if not text} == {}


def test_every_command_that_changes_something_can_be_left_to_run(az: AzParser) -> None:
    reading = {f"{GROUP} {name}" for name in ("check", "export", "list", "list-clusters", "show", "wait")}
    reading |= {f"{GROUP} exception {name}" for name in ("list", "show")}
    # Its writes depend on one another: credentials need the issuer, and the add-on goes after the last entry.
    reading.add(f"{GROUP} migrate")
    assert {name for name in az.own_commands if "--no-wait" not in az.options(name)} == reading


@pytest.mark.parametrize("name", ["aks create", "aks update"])
def test_the_options_that_are_added_to_the_hosts_commands_are_explained(name: str, az: AzParser) -> None:
    options = az.options(name)
    flags = ["--enable-pod-identity", "--enable-pod-identity-with-kubenet", "--yes"]
    for flag in [*flags, "--disable-pod-identity"] if name == "aks update" else flags:
        assert options[flag]
