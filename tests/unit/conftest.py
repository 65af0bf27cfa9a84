# SPDX-License-Identifier: MIT

from __future__ import annotations

import os
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.support.az_parser import AzParser

if TYPE_CHECKING:  # they import azure-cli, which must wait for the folder set below
    from tests.support.builders import Clock
    from tests.support.fake_azure import Azure

# The same examples in every run; HYPOTHESIS_PROFILE=search looks for new ones.
settings.register_profile("unit", max_examples=60, derandomize=True, deadline=None, database=None)
settings.register_profile("search", max_examples=1000, deadline=None, database=None)


def pytest_configure(config: pytest.Config) -> None:
    """Give azure-cli a temporary configuration directory, because importing it creates that directory."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "unit"))
    folder = TemporaryDirectory(prefix="podidentity-unit-")
    patch = pytest.MonkeyPatch()
    patch.setenv("AZURE_CONFIG_DIR", folder.name)
    patch.setenv("AZURE_EXTENSION_DIR", f"{folder.name}/extensions")
    config.add_cleanup(patch.undo)
    config.add_cleanup(folder.cleanup)


@pytest.fixture(scope="session")
def az() -> AzParser:
    """Return the parser of az, with the commands of the extension and those that its messages name."""
    return AzParser()


@pytest.fixture
def azure(monkeypatch: pytest.MonkeyPatch) -> Azure:
    """Return an Azure with one managed identity and no role assignment."""
    from tests.support.fake_azure import Azure, connect

    azure = Azure()
    connect(azure, monkeypatch)
    return azure


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Return a clock that advances only when the extension sleeps."""
    from azext_podidentity.arm import backoff
    from azext_podidentity.cli import progress
    from tests.support.builders import Clock

    clock = Clock()
    for module in (backoff, progress):
        monkeypatch.setattr(module, "time", clock)
    return clock
