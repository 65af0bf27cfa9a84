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
    """Return az's loader after both extensions registered the commands, aks-preview last."""
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


def test_own_commands_survive_later_aks_preview() -> None:
    made = az_after_both(NAME, "aks create")
    assert made.az.command_table == {NAME: OURS, "aks create": THEIRS}
    assert made.az.cmd_to_loader_map == {NAME: [made.ours], "aks create": [made.theirs]}


def test_global_arguments_are_copied() -> None:
    made = az_after_both(NAME)
    assert made.az.command_table[NAME].arguments == {"_subscription": "az's"}


def test_unloaded_command_is_not_added() -> None:
    """At that point, az's table has only the command of the command line."""
    made = az_after_both("aks create")
    assert made.az.command_table == {"aks create": THEIRS}


def test_own_help_survives_later_aks_preview(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(helps, NAME, "their text")
    az_after_both(NAME)
    assert helps[NAME] == HELP[NAME]
