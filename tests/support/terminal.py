# SPDX-License-Identifier: MIT
"""Commands whose standard error is a terminal."""

from __future__ import annotations

import os
import re
import shlex

import pexpect

from tests.support.azure_cli import AzureCli
from tests.support.processes import PATIENCE, child_setup


def answered(az: AzureCli, command: str, answer: str, *shown: str) -> None:
    """Run `az COMMAND` at a terminal, expect the patterns in order and the question, and answer it.

    Assert exit code 0 for the answer "y", and otherwise that nothing was changed and exit code 1.
    """
    terminal = pexpect.spawn(
        "az",
        shlex.split(command),
        env=az.shell_environment(),
        cwd=az.environment["HOME"],
        timeout=PATIENCE,
        encoding="utf-8",
        preexec_fn=child_setup(),
    )
    for pattern in (*shown, r"\(y/N\)"):
        terminal.expect(pattern)
    terminal.sendline(answer)
    if answer != "y":
        terminal.expect("Operation cancelled. Nothing was changed.")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == (0 if answer == "y" else 1)


def shown_at_terminal(az: AzureCli, command: str) -> str:
    """Return the output of the command to a terminal as standard error. The command must succeed."""
    ours, terminal = os.openpty()
    process = az.start(command, stderr=terminal)
    os.close(terminal)
    written = b""
    try:
        while chunk := os.read(ours, 4096):
            written += chunk
    except OSError:  # Linux reports the last close of the terminal as an error.
        pass
    finally:
        os.close(ours)
    assert process.wait(PATIENCE) == 0, written
    return re.sub(r"\x1b\[K", "", written.decode())


def at_terminal(az: AzureCli, command: str, columns: int = 120) -> str:
    """Return the output of `az COMMAND` at a terminal with colors and the given width. The command must succeed."""
    terminal = pexpect.spawn(
        "az",
        shlex.split(command),
        env={**az.shell_environment(), "AZURE_CORE_NO_COLOR": "false", "TERM": "xterm-256color"},
        cwd=az.environment["HOME"],
        dimensions=(24, columns),
        timeout=PATIENCE,
        encoding="utf-8",
        preexec_fn=child_setup(),
    )
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0, terminal.before
    return str(terminal.before)
