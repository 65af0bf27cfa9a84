# SPDX-License-Identifier: MIT
"""`./test`: formatting, lint, types and tests."""

from __future__ import annotations

import argparse
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from development import azdev
from development.console import GREEN, RED, paint
from development.environments import prepare_azdev, prepare_tests, run_matrix
from development.paths import NEWEST, ROOT

_DESCRIPTION = """Sets up what is missing in .build/, then runs ruff, mypy, azdev and pytest.
A failure does not stop the rest. With arguments, only pytest runs, with them:
  ./test -k exception, ./test tests/unit, ./test -n 0 --pdb"""
_LINT = {"format": ["ruff", "format", "--check"], "lint": ["ruff", "check"], "types": ["mypy"]}
_OUTCOMES = {True: paint("passed", GREEN), False: paint("FAILED", RED)}
# One more than there are processors, because the tests often wait.
_WORKERS = str((os.cpu_count() or 1) + 1)
# Measured in the tests that run the extension in pytest's own process; code that real az processes run is not counted.
_COVERAGE = ["--cov", "--cov-report=term:skip-covered"]
_PLAYBACK = """run only the scenarios of tests/playback. replay: from the recordings, without a network, as in every
run; record: against the simulator, and write new recordings; live: in the cloud that your own az is signed in to. live
creates and deletes resource groups named podidentity-test-*, and clusters cost money"""
_EPILOG = "Exit code 0 if everything passed. Delete .build/ to start over with the newest azure-cli."


def main(arguments: list[str]) -> int:
    """Run the checks; return 0 if all passed. Raise SetupError."""
    parser = argparse.ArgumentParser(
        "./test",
        usage="./test [--quick | --matrix | --playback {replay,record,live}] [PYTEST ARGUMENTS]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--quick", action="store_true", help="run formatting, lint, types and the unit tests only")
    mode.add_argument(
        "--matrix",
        action="store_true",
        help="run pytest under Python 3.10 to 3.13 (those that are installed), each with both azure-cli versions",
    )
    mode.add_argument("--playback", choices=["replay", "record", "live"], help=_PLAYBACK)
    chosen, selected = parser.parse_known_args(arguments)
    if chosen.matrix:
        return 0 if run_matrix(selected) else 1
    if chosen.playback:
        os.environ["PODIDENTITY_PLAYBACK"] = chosen.playback
        selected = ["tests/playback/scenarios", *selected]
    prepare_tests()
    passed = _run_quick(selected) if chosen.quick else _run(selected)
    for name, result in passed.items():
        print(f"{name}: {_OUTCOMES[result]}")
    return 0 if all(passed.values()) else 1


def _run(selected: list[str]) -> dict[str, bool]:
    if selected:
        return {"pytest": _pytest(*selected)}
    prepare_azdev()
    passed = {name: _passes(name, words) for name, words in _LINT.items()}
    # At the same time as the tests, which often wait.
    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(azdev.reports)
        passed["pytest"] = _pytest(*_COVERAGE)
        for check, report in checking.result().items():
            if not report.passed:
                print(f"\nazdev {check}:\n{report.text}")
            passed[f"azdev {check}"] = report.passed
    return passed


def _run_quick(selected: list[str]) -> dict[str, bool]:
    passed = {name: _passes(name, words) for name, words in _LINT.items()}
    return {**passed, "pytest": _pytest("tests/unit", *selected)}


def _pytest(*arguments: str) -> bool:
    return _passes("pytest", ["pytest", "-n", _WORKERS, *arguments])


def _passes(name: str, words: list[str]) -> bool:
    print(f"\n{name}:", flush=True)
    command = [str(NEWEST.python), "-m", *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
