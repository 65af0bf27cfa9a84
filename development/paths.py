# SPDX-License-Identifier: MIT
"""The paths of the environments, the wheel and the extension directories. Creates nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / ".build"
LOGS = BUILD / "log"
WHEELS = BUILD / "wheel"

# One folder per Python version, so that `python3.12 ./test` does not undo what `python3.11 ./test` set up.
_INTERPRETER = BUILD / "{}.{}".format(*sys.version_info[:2])


@dataclass(frozen=True)
class Environment:
    """A virtual environment, named after its session in noxfile.py."""

    name: str

    @property
    def folder(self) -> Path:
        """Return the folder of the virtual environment."""
        return _INTERPRETER / self.name

    @property
    def python(self) -> Path:
        """Return the environment's interpreter."""
        return self.folder / "bin" / "python"


@dataclass(frozen=True)
class Host(Environment):
    """An environment with azure-cli, and the extension directory that belongs to it."""

    @property
    def az(self) -> Path:
        """Return the environment's `az`."""
        return self.folder / "bin" / "az"

    @property
    def extension_directory(self) -> Path:
        """Return the value of AZURE_EXTENSION_DIR: the folder in which the extension is installed from the wheel."""
        return _INTERPRETER / f"{self.name}-extensions"


NEWEST = Host("newest")
KUBECTL = NEWEST.folder / "bin" / "kubectl"
OLDEST = Host("oldest")
HOSTS = (NEWEST, OLDEST)
PLOTTER = Environment("plotter")
AZDEV = Environment("azdev")
# nox and uv, which create the others.
TOOLS = Environment("tools")


def wheel() -> Path:
    """Return the wheel built last by `./demo`, `./test` or a benchmark. Raise FileNotFoundError if there is none."""
    built = sorted(WHEELS.glob("*.whl"))
    if not built:
        raise FileNotFoundError(f"no wheel in {WHEELS}: run ./test or ./demo first")
    return built[-1]
