# SPDX-License-Identifier: MIT
"""Write the file of `--report`."""

from __future__ import annotations

from pathlib import Path

from azure.cli.core.azclierror import FileOperationError


def check_report_path(path: str | None) -> None:
    """Raise FileOperationError if the path cannot be written. Call it before anything is read or changed."""
    if path is None:
        return
    if Path(path).is_dir():
        raise FileOperationError(f"--report '{path}' is a folder.", "Pass the path of a file, for example: report.md")
    if not Path(path).absolute().parent.is_dir():
        raise FileOperationError(f"The folder of --report '{path}' does not exist.", "Create the folder first.")


def write_report(path: str, text: str) -> None:
    """Write the report. Raise FileOperationError if that fails."""
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise FileOperationError(f"The report '{path}' cannot be written: {error.strerror or error}.") from error
