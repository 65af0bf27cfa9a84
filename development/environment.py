"""The private virtual environments: made once, and anew when what is asked changed or a run was cut short."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path

from development.console import SetupError, timed
from development.fingerprint import fingerprint
from development.paths import Host
from development.process import run_logged

_NO_INDEX = (
    "The packages could not be installed. pip needs a package index: is there a network,\n"
    "and are HTTPS_PROXY and PIP_INDEX_URL (or pip.conf) right for it?"
)
_NO_VENV = (
    "{python} cannot make virtual environments: its venv module is incomplete.\n"
    "On Debian and Ubuntu: sudo apt install python3-venv"
)


def prepare_environment(host: Host, extra: Path | None = None) -> None:
    """Makes the host's environment, with the extra requirements file too, unless it is there already.

    SetupError where Python cannot make environments or the packages cannot be installed.
    """
    base = _asked(host, host.requirements)
    added = _asked(host, [extra]) if extra else ""
    made = _read_stamp(host)
    if made.get("base") == base and added in ("", made.get("extra")):
        return
    anew = made.get("base") != base
    with timed(host.title if anew else "test tools"):
        # Without its stamp an environment counts as unfinished, whatever is in it.
        _stamp(host).unlink(missing_ok=True)
        if anew:
            _create(host)
        _install(host, [*host.requirements, *([extra] if extra else [])])
        _write_launcher(host)
        _write_stamp(host, {"base": base, "extra": added})


def is_made(host: Host) -> bool:
    """Whether the host's environment was made to its end once."""
    return bool(_read_stamp(host))


def _asked(host: Host, requirements: Iterable[Path]) -> str:
    # A virtual environment works only with its interpreter and at its place.
    return fingerprint(requirements, sys.version, sys.base_prefix, str(host.environment))


def _create(host: Host) -> None:
    if any(importlib.util.find_spec(name) is None for name in ("venv", "ensurepip")):
        raise SetupError(_NO_VENV.format(python=sys.executable))
    run_logged(
        [sys.executable, "-m", "venv", "--clear", str(host.environment)],
        f"{host.name}-venv",
        _NO_VENV.format(python=sys.executable),
    )
    _pip(host, ["--upgrade", "pip"])


def _install(host: Host, requirements: Iterable[Path]) -> None:
    # Python compiles the few modules that are used; compiling all of them doubles the time.
    _pip(host, ["--no-compile", *(word for path in requirements for word in ("-r", str(path)))])


def _write_launcher(host: Host) -> None:
    # What pip makes of azure-cli's own start script fails where the path has a space or is long.
    # The Linux packages of azure-cli start it in the same way as this does.
    host.az.write_text(f'#!/bin/sh\nAZ_INSTALLER=PIP exec {shlex.quote(str(host.python))} -m azure.cli "$@"\n', "utf-8")


def _pip(host: Host, arguments: list[str]) -> None:
    run_logged(
        [str(host.python), "-m", "pip", "install", "--no-input", "--disable-pip-version-check", *arguments],
        f"{host.name}-pip",
        _NO_INDEX,
    )


def _stamp(host: Host) -> Path:
    return host.environment / "made-from.json"


def _read_stamp(host: Host) -> dict[str, str]:
    """What the environment was made from; empty where it is unfinished or its interpreter is gone."""
    try:
        made = json.loads(_stamp(host).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return made if isinstance(made, dict) and os.access(host.python, os.X_OK) else {}


def _write_stamp(host: Host, made: dict[str, str]) -> None:
    temporary = _stamp(host).with_suffix(".new")
    temporary.write_text(json.dumps(made), "utf-8")
    temporary.replace(_stamp(host))
