# SPDX-License-Identifier: MIT
"""Set up what a run needs: the environments of noxfile.py, the wheel, and the extension installed in each azure-cli."""

from __future__ import annotations

import ast
import fcntl
import importlib.util
import os
import ssl
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from development.console import SetupError, note, timed
from development.paths import AZDEV, BUILD, HOSTS, NEWEST, PLOTTER, ROOT, TOOLS, Environment, Host
from development.process import run_logged
from development.wheel import build_wheel, install_extension

_PINS = ("nox==2026.10.20", "uv==0.13.9")
_NO_INDEX = (
    "The packages could not be installed. Check the network connection and the settings of your package index\n"
    "(HTTPS_PROXY, PIP_INDEX_URL, pip.conf)."
)
_NO_VENV = (
    "{python} cannot create virtual environments: its venv module is incomplete.\n"
    "On Debian and Ubuntu, run: sudo apt install python3-venv"
)
# pip's settings, by name, as uv's environment variable and what separates several values there.
_UV_SETTINGS = {
    "index-url": ("UV_DEFAULT_INDEX", " "),
    "extra-index-url": ("UV_INDEX", " "),
    "find-links": ("UV_FIND_LINKS", ","),
    "constraint": ("UV_CONSTRAINT", " "),
    "trusted-host": ("UV_INSECURE_HOST", " "),
    "cert": ("SSL_CERT_FILE", " "),
}


def prepare_demo() -> None:
    """Set up the newest azure-cli, the simulator and the extension. Raise SetupError."""
    _prepare([NEWEST], [NEWEST])


def prepare_benchmarks() -> None:
    """Set up the demo and matplotlib. Raise SetupError."""
    _prepare([NEWEST, PLOTTER], [NEWEST])


def prepare_tests() -> None:
    """Set up both azure-cli versions with the extension, and the test tools. Raise SetupError."""
    _prepare(HOSTS, HOSTS)


def prepare_azdev() -> None:
    """Set up the environment of azdev. Raise SetupError."""
    _prepare([AZDEV], [])


def _prepare(environments: Sequence[Environment], hosts: Sequence[Host]) -> None:
    with _lock():
        if all(environment.python.exists() for environment in environments):
            note(f"Checking the environments in {BUILD.name}/ ...")
            _run_nox(environments)
        else:
            note(f"Setting up in {BUILD.name}/ (about a minute the first time):")
            with timed(f"environments: {', '.join(each.name for each in environments)}"):
                _run_nox(environments)
        if hosts:
            build_wheel()
        for host in hosts:
            install_extension(host)


def _run_nox(environments: Sequence[Environment]) -> None:
    _prepare_tools()
    run_logged(
        [str(TOOLS.python), "-m", "nox", "--session", *(environment.name for environment in environments)],
        "nox",
        _NO_INDEX,
        _uv_settings(),
        ROOT,
    )


def run_matrix(arguments: list[str]) -> bool:
    """Run pytest with the arguments under each supported Python version that is installed; return whether all passed.

    nox prints the versions that it skips. Raise SetupError.
    """
    with _lock():
        _prepare_tools()
    nox = [str(TOOLS.python), "-m", "nox", "--session", "matrix", "--no-error-on-missing-interpreters"]
    command = [*nox, "--", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **_uv_settings()}, check=False).returncode == 0


def _prepare_tools() -> None:
    """Create the environment with nox and uv, unless it exists with the pinned versions."""
    pins = TOOLS.folder / "pins"
    if os.access(TOOLS.python, os.X_OK) and pins.exists() and pins.read_text("utf-8").split() == [*_PINS]:
        return
    no_venv = _NO_VENV.format(python=sys.executable)
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise SetupError(no_venv)
    run_logged([sys.executable, "-m", "venv", "--clear", str(TOOLS.folder)], "venv", no_venv)
    run_logged([str(TOOLS.python), "-m", "pip", "install", "--no-input", *_PINS], "pip", _NO_INDEX)
    pins.write_text("\n".join(_PINS), "utf-8")


def _uv_settings() -> dict[str, str]:
    """Return the environment variables that make uv use pip's indexes and certificates and the installed Pythons."""
    listed = subprocess.run(
        [str(TOOLS.python), "-m", "pip", "config", "list"], capture_output=True, text=True, check=False
    )
    settings = {"UV_INDEX_STRATEGY": "unsafe-best-match", "UV_PYTHON_DOWNLOADS": "never", "PATH": _path()}
    trusted = ssl.get_default_verify_paths()
    if trusted.cafile or trusted.capath:
        settings["UV_SYSTEM_CERTS"] = "1"
    for line in sorted(listed.stdout.splitlines(), key=_precedence):
        name, _, value = line.partition("=")
        if (known := _UV_SETTINGS.get(name.rpartition(".")[2])) and known[0] not in os.environ:
            settings[known[0]] = known[1].join(str(ast.literal_eval(value)).split())
    return settings


def _precedence(line: str) -> int:
    """Return pip's order of precedence of a line of `pip config list`: global, one command, environment variable."""
    section = line.partition("=")[0].rpartition(".")[0]
    return ("global", "install", ":env:").index(section) if section in ("global", "install", ":env:") else -1


def _path() -> str:
    """Return PATH with the Pythons that pyenv installed behind the others."""
    root = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")  # noqa: PTH111
    versions = ROOT.joinpath(root).glob("versions/*/bin")
    return os.pathsep.join([os.environ.get("PATH", os.defpath), *map(str, sorted(versions))])


@contextmanager
def _lock() -> Iterator[None]:
    """Hold the lock of .build/ so that one run sets up at a time."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            note("Waiting for another run to finish its set-up ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
