# SPDX-License-Identifier: MIT
"""Tab completion, requested as a shell does."""

from __future__ import annotations

import subprocess

from tests.support.azure_cli import AzureCli


def completions(az: AzureCli, line: str) -> list[str]:
    """Return argcomplete's completions of the line."""
    # argcomplete writes to file descriptor 8.
    process = subprocess.run(
        ["bash", "-c", f'"{az.az}" 8>&1 9>/dev/null 1>/dev/null'],
        cwd=az.environment["HOME"],
        env={
            **az.environment,
            "_ARGCOMPLETE": "1",
            "_ARGCOMPLETE_IFS": "\n",
            "COMP_LINE": line,
            "COMP_POINT": str(len(line)),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return [word.strip() for word in process.stdout.splitlines()]
