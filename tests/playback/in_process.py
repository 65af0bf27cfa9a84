# SPDX-License-Identifier: MIT
"""Run `az` command lines in this process, with the checkout's sources as the extension."""

from __future__ import annotations

import json
import logging
import shlex
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from development.paths import NEWEST
from tests.playback.scrub import ZERO
from tests.support.azure_cli import Result

_PROFILE = {
    "installationId": ZERO,
    "subscriptions": [
        {
            "id": ZERO,
            "name": "Playback",
            "state": "Enabled",
            "isDefault": True,
            "tenantId": ZERO,
            "homeTenantId": ZERO,
            "managedByTenants": [],
            "environmentName": "AzureCloud",
            "user": {"name": ZERO, "type": "servicePrincipal"},
        }
    ],
}


class InProcessAz:
    """The az of this process, with the configuration in the environment."""

    def __call__(self, command: str) -> Result:
        """Run `az COMMAND`. Return its `Result`."""
        from azure.cli.core import get_default_cli

        stdout, stderr = StringIO(), StringIO()
        with redirect_stdout(stdout), redirect_stderr(stderr), _loggers_of_az():
            cli = get_default_cli()
            cli.out_file = stdout  # for output that a command prints itself
            try:
                exit_code = cli.invoke(shlex.split(command), out_file=stdout)
            except SystemExit as ended:  # the parser and az's own exits
                exit_code = ended.code if isinstance(ended.code, int) else 1
        return Result(exit_code or 0, stdout.getvalue(), stderr.getvalue())


def signed_in_nowhere(patch: pytest.MonkeyPatch) -> InProcessAz:
    """Return an az that is signed in to the subscription of the recordings with a placeholder token."""
    from azure.cli.core import extension, util
    from azure.cli.core._config import GLOBAL_CONFIG_DIR
    from azure.cli.core._profile import Profile

    # A folder of the tests' own: see the pytest_configure that came first.
    directory = Path(GLOBAL_CONFIG_DIR)
    directory.mkdir(exist_ok=True)
    (directory / "azureProfile.json").write_text(json.dumps(_PROFILE), "utf-8")
    patch.setattr(extension, "EXTENSIONS_DIR", str(NEWEST.extension_directory))
    # az asks now and then whether there is a newer az.
    patch.setattr(util, "check_connectivity", lambda *_, **__: False)
    patch.setattr(Profile, "_create_credential", lambda *_, **__: _NoCredential())
    return InProcessAz()


class _NoCredential:
    def acquire_token(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {"access_token": "none", "token_type": "Bearer", "expires_in": 3600}


@contextmanager
def _loggers_of_az() -> Iterator[None]:
    """Reset the loggers of az, which it sets up once per process although each run has another standard error."""
    loggers = [logging.getLogger(name) for name in (None, "cli", "azure", "msal")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers = []
    try:
        yield
    finally:
        for logger, handlers, level, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
            logger.setLevel(level)
