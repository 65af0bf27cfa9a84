# SPDX-License-Identifier: MIT
"""A stand-in for the `aks-preview` extension: the same commands, each with a parameter that identifies it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.support.azure_cli import AzureCli

NAME = "aks-preview"
MARK = "--only-in-aks-preview"

_CODE = '''
from azure.cli.core import AzCommandsLoader
from azure.cli.core.commands import CliCommandType
from knack.help_files import helps

helps["aks pod-identity add"] = """
type: command
short-summary: The stand-in's help.
"""


def handler(cmd, client, resource_group_name, only_in_aks_preview=None, enable_pod_identity=False):
    return "aks-preview ran"


class Loader(AzCommandsLoader):
    def __init__(self, cli_ctx=None):
        super().__init__(cli_ctx=cli_ctx, custom_command_type=CliCommandType(operations_tmpl=__name__ + "#{}"))

    def load_command_table(self, args):
        factory = lambda cli_ctx, *_: object()
        with self.command_group("aks", client_factory=factory) as group:
            for verb in ("create", "update"):
                group.custom_command(verb, "handler")
        with self.command_group("aks pod-identity", client_factory=factory) as group:
            for verb in ("add", "delete", "list"):
                group.custom_command(verb, "handler")
        with self.command_group("aks pod-identity exception", client_factory=factory) as group:
            for verb in ("add", "update", "delete", "list"):
                group.custom_command(verb, "handler")
        return self.command_table

    def load_arguments(self, command):
        with self.argument_context("aks") as context:
            context.argument("enable_pod_identity", action="store_true")


COMMAND_LOADER_CLS = Loader
'''


# An extension that imports a name missing from the host's modules.
BROKEN = "from azure.cli.command_modules.acs import of_another_version\n"


def install_as_wheel(extension_directory: Path, code: str = _CODE) -> None:
    """Install it as `az extension add` does. By its name, az loads it before podidentity."""
    _write(extension_directory / NAME, "aks_preview-99.0.0.dist-info", "METADATA", code)


def install_for_development(folder: Path) -> None:
    """Install it as extension developers do. az loads it after every wheel."""
    _write(folder / NAME, "aks_preview.egg-info", "PKG-INFO")


def _write(folder: Path, info: str, metadata: str, code: str = _CODE) -> None:
    package = folder / "azext_aks_preview"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(code)
    (package / "azext_metadata.json").write_text(json.dumps({"azext.minCliCoreVersion": "2.0.0"}))
    (folder / info).mkdir()
    (folder / info / metadata).write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 99.0.0\n")


def copy_of(cli: AzureCli, extensions: Path, folder: Path) -> dict[str, str]:
    """Return the environment of a copy of an az, with separate extensions and configuration in the folder.

    az caches the commands of installed extensions in its configuration.
    """
    shutil.copytree(extensions, folder / "extensions")
    shutil.copytree(cli.environment["AZURE_CONFIG_DIR"], folder / "azure")
    for index in (folder / "azure").glob("*ndex*.json"):
        index.unlink()
    own = {"AZURE_EXTENSION_DIR": str(folder / "extensions"), "AZURE_CONFIG_DIR": str(folder / "azure")}
    return {**cli.environment, **own}
