# SPDX-License-Identifier: MIT
"""The file that `--report` names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from azure.cli.core.azclierror import FileOperationError

from azext_podidentity.cli.after_output import fail_after_output
from azext_podidentity.profile.text import printable

if TYPE_CHECKING:
    from azure.cli.core import AzCli


def check_report_path(path: str) -> None:
    """Raise FileOperationError if no file can be written there, before anything is read or changed.

    A file that does not exist is created and removed again, since permissions do not decide alone: its name may be too
    long, or its file system read-only.
    """
    file, shown = Path(path), printable(path, keep="")
    example = "Pass the path of a file, for example: report.md"
    try:
        if file.is_dir():
            raise FileOperationError(f"--report '{shown}' is a folder.", example)
        if not file.absolute().parent.is_dir():
            raise FileOperationError(f"The folder of --report '{shown}' does not exist.", "Create the folder first.")
        if not file.exists():
            file.touch()
            file.unlink()
        elif not os.access(file, os.W_OK):
            raise PermissionError(None, "Permission denied")
    except OSError as error:
        raise _cannot_be_written(path, error) from error


def write_report(cli_ctx: AzCli, path: str, text: str) -> None:
    """Write the report. If that fails, have az end with the error once it has printed the result."""
    try:
        Path(path).write_text(text, "utf-8", errors="backslashreplace")
    except OSError as error:
        fail_after_output(cli_ctx, _cannot_be_written(path, error))


def _cannot_be_written(path: str, error: OSError) -> FileOperationError:
    reason = error.strerror or str(error)
    return FileOperationError(
        f"The report '{printable(path, keep='')}' cannot be written: {reason}.", "Pass another path with --report."
    )
