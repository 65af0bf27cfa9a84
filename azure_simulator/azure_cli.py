# SPDX-License-Identifier: MIT
"""Point a real `az` at a simulator."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

CLOUD_NAME = "AzureSimulator"
_SETTINGS = (
    "core.instance_discovery=false",
    "core.collect_telemetry=false",
    "core.survey_message=false",
    "core.no_color=true",
    "auto-upgrade.enable=no",
    "extension.use_dynamic_install=no",
)


class ConnectionLike(Protocol):
    """The part that `Simulator` and `Connection` have in common."""

    @property
    def url(self) -> str: ...
    @property
    def ca_file(self) -> Path: ...
    @property
    def tenant_id(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def client_secret(self) -> str: ...


class AzureCliError(RuntimeError):
    """An `az` command failed. The message has the command without secrets, and az's standard error."""


def environment(connection: ConnectionLike, config_directory: Path, extension_directory: Path) -> dict[str, str]:
    """Return the environment variables for `az`: this process's own, with its Azure settings replaced.

    Both directories must be the caller's own: the user's real configuration is never changed.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    return {
        **kept,
        "AZURE_CONFIG_DIR": str(config_directory),
        "AZURE_EXTENSION_DIR": str(extension_directory),
        "REQUESTS_CA_BUNDLE": str(connection.ca_file),
        # Both spellings: a lowercase one that is set already takes precedence.
        "NO_PROXY": "localhost,127.0.0.1",
        "no_proxy": "localhost,127.0.0.1",
        "PYTHONUTF8": "1",
    }


def connect(az: Path, connection: ConnectionLike, environ: Mapping[str, str]) -> None:
    """Register the simulator as a cloud, select it and sign in. Raise AzureCliError with az's standard error."""
    url = connection.url
    _run(az, environ, "config", "set", *_SETTINGS)
    _run(
        az,
        environ,
        *("cloud", "register", "--name", CLOUD_NAME, "--skip-endpoint-discovery"),
        *("--endpoint-resource-manager", url),
        *("--endpoint-active-directory", url),
        *("--endpoint-active-directory-resource-id", url),
        *("--endpoint-active-directory-graph-resource-id", f"{url}/graph"),
        *("--endpoint-microsoft-graph-resource-id", f"{url}/graph"),
        *("--endpoint-management", url),
        *("--endpoint-gallery", url),
        *("--suffix-storage-endpoint", "local"),
    )
    _run(az, environ, "cloud", "set", "--name", CLOUD_NAME)
    _run(
        az,
        environ,
        *("login", "--service-principal", "--tenant", connection.tenant_id),
        # In one word: a secret may begin with a dash.
        *("--username", connection.client_id, f"--password={connection.client_secret}"),
        secret=connection.client_secret,
    )


def _run(az: Path, environ: Mapping[str, str], *arguments: str, secret: str = "") -> None:
    command = [str(az), *arguments]
    result = subprocess.run(command, env=dict(environ), capture_output=True, text=True, check=False)
    if result.returncode:
        shown = " ".join(command)
        message = f"{shown} ended with {result.returncode}:\n{result.stderr}"
        raise AzureCliError(message.replace(secret, "***") if secret else message)
