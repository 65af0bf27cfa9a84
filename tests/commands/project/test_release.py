# SPDX-License-Identifier: MIT
"""Test the output of `./release`, installed by az from a web server."""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from development.console import SetupError
from development.paths import wheel
from development.release import check_content, index_entry
from tests.support.azure_cli import AzureCli


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and keeps no log."""

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def served() -> Iterator[str]:
    """The URL of the folder with the wheel."""
    handler = functools.partial(QuietHandler, directory=str(wheel().parent))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()


def test_install_wheel_from_url(each_az: AzureCli, served: str, tmp_path: Path) -> None:
    away = {"AZURE_EXTENSION_DIR": str(tmp_path / "extensions"), "AZURE_CONFIG_DIR": str(tmp_path / "config")}
    fresh = AzureCli(each_az.az, {**each_az.environment, **away})

    fresh(f"extension add --yes --source {index_entry(wheel(), served)['downloadUrl']}").ok()

    (installed,) = fresh("extension list").ok().json
    assert (installed["name"], installed["extensionType"]) == ("podidentity", "whl")
    assert "exception" in fresh("aks pod-identity --help").ok().stdout


def test_index_entry(served: str) -> None:
    entry = index_entry(wheel(), served)

    assert entry["filename"] == wheel().name
    assert entry["sha256Digest"] == hashlib.sha256(wheel().read_bytes()).hexdigest()
    assert entry["metadata"]["azext.minCliCoreVersion"] == "2.85.0"
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.parametrize("stranger", ["azure_simulator/server.py", "tests/__init__.py"])
def test_wheel_with_other_files_refused(tmp_path: Path, stranger: str) -> None:
    check_content(wheel())
    bad = Path(shutil.copy(wheel(), tmp_path))
    with ZipFile(bad, "a") as archive:
        archive.writestr(stranger, "")

    with pytest.raises(SetupError, match=stranger):
        check_content(bad)
