# SPDX-License-Identifier: MIT
"""The development environments and the matrix of Python versions, for `./test`, `./demo` and `nox`.

Each environment is a folder of .build/ named after its session, one set per Python version. Installing into an
environment that is already complete takes a moment, so a session can be run before every use.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import nox

PYTHONS = ["3.10", "3.11", "3.12", "3.13"]

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv"
nox.options.envdir = ".build/{}.{}".format(*sys.version_info[:2])
nox.options.reuse_venv = "yes"
nox.options.sessions = ["newest", "oldest"]


@nox.session
def newest(session: nox.Session) -> None:
    """Install the newest azure-cli, the simulator and the test tools."""
    session.install("--group", "newest", "--group", "simulator", "--group", "tests")
    _write_launcher(session)


@nox.session
def oldest(session: nox.Session) -> None:
    """Install the oldest azure-cli that the extension supports."""
    session.install("--group", "oldest")
    _write_launcher(session)


@nox.session
def azdev(session: nox.Session) -> None:
    """Install azdev, apart from the test tools because both need different versions of some packages."""
    session.install("--group", "azdev")


@nox.session
def plotter(session: nox.Session) -> None:
    """Install matplotlib, apart from the az whose start-up time is measured."""
    session.install("--group", "plotter")


@nox.session(python=PYTHONS)
def matrix(session: nox.Session) -> None:
    """Run pytest under one Python version, against the newest and the oldest azure-cli."""
    session.run("python", "test", *(session.posargs or ["tests"]))


def _write_launcher(session: nox.Session) -> None:
    """Replace the installed `az`, whose first line breaks if the path of the checkout is long or contains a space.

    Microsoft's Linux packages start azure-cli the same way.
    """
    python, launcher = Path(session.bin, "python").absolute(), Path(session.bin, "az")
    text = f'#!/bin/sh\nAZ_INSTALLER=PIP exec {shlex.quote(str(python))} -m azure.cli "$@"\n'
    if launcher.read_text("utf-8") == text:
        return
    # A new file: uv may share the installed one with other environments.
    new = launcher.with_suffix(".new")
    new.write_text(text, "utf-8")
    new.chmod(0o755)
    new.replace(launcher)
