"""`./test`: lint, types and tests."""

from __future__ import annotations

import argparse
import subprocess

from development.console import GREEN, RED, paint
from development.paths import BUILD, NEWEST, ROOT
from development.prepare import prepare_tests

_DESCRIPTION = """Sets up what is missing in .build/, then runs ruff, mypy and pytest, whichever fails.
With arguments only pytest runs, with those: ./test -k exception, ./test tests/unit, ./test -n 0 --pdb"""
_LINT = {"ruff": ["ruff", "check", "--extend-exclude", BUILD.name], "mypy": ["mypy"]}
_EPILOG = "Exit code 0 when everything passed. Delete .build/ to start afresh with the newest azure-cli."


def main(arguments: list[str]) -> int:
    """Runs the checks; 0 when all passed. SetupError."""
    parser = argparse.ArgumentParser(
        "./test",
        usage="./test [PYTEST ARGUMENTS]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    _, selected = parser.parse_known_args(arguments)
    prepare_tests()
    checks = {**({} if selected else _LINT), "pytest": ["pytest", "-n", "2", *selected]}
    passed = {name: _passes(name, words) for name, words in checks.items()}
    for name, well in passed.items():
        print(f"{name}: {paint('passed', GREEN) if well else paint('FAILED', RED)}")
    failed = [name for name, well in passed.items() if not well]
    return 1 if failed else 0


def _passes(name: str, words: list[str]) -> bool:
    print(f"\n{name}:", flush=True)
    command = [str(NEWEST.python), "-m", *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
