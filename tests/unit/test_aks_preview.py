# SPDX-License-Identifier: MIT

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from knack.help_files import helps

from azext_podidentity._help import HELP
from azext_podidentity.host import aks_preview

NAME = "aks pod-identity add"
OURS, THEIRS = SimpleNamespace(arguments={}), SimpleNamespace(arguments={"_subscription": "az's", "name": "theirs"})


def az_after_both(*loaded: str) -> Any:
    """az's loader of loaders once both extensions have registered those commands, theirs after ours."""
    restore: list[Callable[..., None]] = []
    cli = SimpleNamespace(register_event=lambda _, handler: restore.append(handler))
    ours = SimpleNamespace(cli_ctx=cli, command_table={NAME: OURS, "aks pod-identity check": OURS})
    aks_preview.keep_group(ours, HELP)
    theirs = SimpleNamespace(command_table=dict.fromkeys(loaded, THEIRS))
    az = SimpleNamespace(
        command_table=dict.fromkeys(loaded, THEIRS),
        cmd_to_loader_map={name: [theirs] for name in loaded},
    )
    restore[0](cli, commands_loader=az)
    return SimpleNamespace(az=az, ours=ours, theirs=theirs)


def test_the_group_is_ours_whichever_is_loaded_last() -> None:
    made = az_after_both(NAME, "aks create")
    assert made.az.command_table == {NAME: OURS, "aks create": THEIRS}
    assert made.az.cmd_to_loader_map == {NAME: [made.ours], "aks create": [made.theirs]}


def test_it_has_the_arguments_that_az_gives_to_every_command() -> None:
    made = az_after_both(NAME)
    assert made.az.command_table[NAME].arguments == {"_subscription": "az's"}


def test_a_command_that_is_not_at_hand_stays_away() -> None:
    """az has the command of the command line alone in its table by then."""
    made = az_after_both("aks create")
    assert made.az.command_table == {"aks create": THEIRS}


def test_the_help_of_the_group_is_ours_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(helps, NAME, "their text")
    az_after_both(NAME)
    assert helps[NAME] == HELP[NAME]
