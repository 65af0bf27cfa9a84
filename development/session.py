# SPDX-License-Identifier: MIT
"""A local Azure that a private az is signed in to."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from azure_simulator import Durations, Simulator
from azure_simulator.azure_cli import AzureCliError, connect, environment
from development.console import SetupError
from development.paths import NEWEST


def sign_in(simulator: Simulator, folder: Path, extension_directory: Path) -> dict[str, str]:
    """Sign the newest az in to the simulator and return the environment variables that make it use it.

    The folder (created if it is missing) takes az's configuration and is HOME, so that ssh keys and kubectl
    credentials go there too. SetupError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    environ = {
        **environment(simulator, folder / ".azure", extension_directory),
        "HOME": str(folder),
        "PATH": f"{NEWEST.az.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }
    try:
        connect(NEWEST.az, simulator, environ)
    except AzureCliError as error:
        raise SetupError(f"Signing in to the simulated Azure failed.\n{error}") from error
    return environ


@contextmanager
def signed_in(scale: float = 1) -> Iterator[tuple[Simulator, dict[str, str]]]:
    """Run a simulator whose operations take a few seconds, and yield it with the environment variables of az for it."""
    with (
        tempfile.TemporaryDirectory(prefix="podidentity-") as folder,
        Simulator(scale=scale, durations=Durations.demo()) as simulator,
    ):
        yield simulator, sign_in(simulator, Path(folder), NEWEST.extension_directory)
