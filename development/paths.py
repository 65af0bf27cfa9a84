"""Where the private environments, the wheel and the extension directories are. Creates nothing."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
BUILD = ROOT / ".build"
LOGS = BUILD / "log"
WHEELS = BUILD / "wheel"

# One folder a Python version, so that `python3.12 ./test` does not undo what `python3.11 ./test` made.
_INTERPRETER = BUILD / "{}.{}".format(*sys.version_info[:2])


@dataclass(frozen=True)
class Host:
    """An azure-cli in an environment of its own, and the extension directory that goes with it."""

    name: str
    title: str
    requirements: tuple[Path, ...]

    @property
    def environment(self) -> Path:
        """The folder of the virtual environment."""
        return _INTERPRETER / self.name

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.environment / "bin" / "python"

    @property
    def az(self) -> Path:
        """The environment's `az`."""
        return self.environment / "bin" / "az"

    @property
    def extension_directory(self) -> Path:
        """What AZURE_EXTENSION_DIR names; holds the podidentity extension, installed from the wheel."""
        return _INTERPRETER / f"{self.name}-extensions"


NEWEST = Host(
    "newest",
    "azure-cli, newest, and the simulator",
    (REQUIREMENTS / "newest.txt", REQUIREMENTS / "build.txt", ROOT / "azure_simulator" / "requirements.txt"),
)
OLDEST = Host("oldest", "azure-cli, oldest supported", (REQUIREMENTS / "oldest.txt",))
HOSTS = (NEWEST, OLDEST)
# An environment of its own: what a plot needs must not weigh on the az that is measured.
PLOTTER = Host("plotter", "matplotlib, for the plot", (REQUIREMENTS / "benchmark.txt",))
# In an environment of its own: azdev brings other versions of what azure-cli and the tests use.
AZDEV = Host("azdev", "azdev", (REQUIREMENTS / "newest.txt", REQUIREMENTS / "build.txt", REQUIREMENTS / "azdev.txt"))
TEST_TOOLS = REQUIREMENTS / "test.txt"


def wheel() -> Path:
    """The wheel built last, by `./demo`, `./test` or a benchmark. FileNotFoundError where none was."""
    built = sorted(WHEELS.glob("*.whl"))
    if not built:
        raise FileNotFoundError(f"no wheel in {WHEELS}: run ./test or ./demo first")
    return built[-1]
