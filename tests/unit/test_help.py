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


def test_help_texts_match_commands(az: AzParser) -> None:
    assert {name for name in az.own_commands if name.startswith(GROUP)} == set(COMMANDS)
    groups = {name.rpartition(" ")[0] for name in COMMANDS}
    assert {name for name, text in TEXTS.items() if text["type"] == "group"} == groups


@pytest.mark.parametrize("name", TEXTS)
def test_short_summary_is_single_sentence(name: str) -> None:
    summary = TEXTS[name]["short-summary"]
    assert summary[0].isupper()
    assert summary.endswith(".")
    assert "\n" not in summary


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_parse(name: str, az: AzParser) -> None:
    examples = TEXTS[name]["examples"]
    assert examples
    for example in examples:
        assert example["name"].endswith(".")
        assert example["text"].startswith(f"az {name} ")
        az.parse(shlex.split(re.sub(r" \| tee [\w.-]+$", "", example["text"])))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_has_help(name: str, az: AzParser) -> None:
    assert {option: text for option, text in az.options(name).items() if not text} == {}


def test_every_write_command_has_no_wait(az: AzParser) -> None:
    reading = {f"{GROUP} {name}" for name in ("check", "export", "list", "list-clusters", "show", "wait")}
    reading |= {f"{GROUP} exception {name}" for name in ("list", "show")}
    # Its writes depend on one another: credentials need the issuer, and the add-on is disabled after the last entry.
    reading.add(f"{GROUP} migrate")
    assert {name for name in az.own_commands if "--no-wait" not in az.options(name)} == reading


@pytest.mark.parametrize("name", ["aks create", "aks update"])
def test_aks_create_and_update_flags_have_help(name: str, az: AzParser) -> None:
    options = az.options(name)
    flags = ["--enable-pod-identity", "--enable-pod-identity-with-kubenet", "--yes"]
    for flag in [*flags, "--disable-pod-identity"] if name == "aks update" else flags:
        assert options[flag]
