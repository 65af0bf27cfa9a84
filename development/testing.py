"""`./test`: lint, types and tests."""

from __future__ import annotations

import argparse
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor

from development import azdev
from development.console import GREEN, RED, paint
from development.matrix import run_matrix
from development.paths import BUILD, NEWEST, ROOT
from development.prepare import prepare_azdev, prepare_tests

_DESCRIPTION = """Sets up what is missing in .build/, then runs ruff, mypy, azdev and pytest, whichever fails.
With arguments only pytest runs, with those: ./test -k exception, ./test tests/unit, ./test -n 0 --pdb"""
_LINT = {"ruff": ["ruff", "check", "--extend-exclude", BUILD.name], "mypy": ["mypy"]}
_OUTCOMES = {True: paint("passed", GREEN), False: paint("FAILED", RED), None: "not run, it is not installed"}
# One more than there are processors: the tests often wait for something.
_WORKERS = str((os.cpu_count() or 1) + 1)
# Measured in the tests that run the extension in pytest's own process; what real az processes run is not counted.
_COVERAGE = ["--cov", "--cov-report=term:skip-covered"]
_PLAYBACK = """what answers the scenarios of tests/playback, which then run alone: replay, the recordings without a
network (as in every run); record, a simulator, and write the recordings anew; live, the cloud that your own az is
signed in to: it makes and deletes resource groups podidentity-test-*, clusters cost money"""
_EPILOG = "Exit code 0 when everything passed. Delete .build/ to start afresh with the newest azure-cli."


def main(arguments: list[str]) -> int:
    """Runs the checks; 0 when all passed. SetupError."""
    parser = argparse.ArgumentParser(
        "./test",
        usage="./test [--matrix] [--playback {replay,record,live}] [PYTEST ARGUMENTS]",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--matrix", action="store_true", help="run pytest under Python 3.10 to 3.13, each with both azure-cli versions"
    )
    parser.add_argument("--playback", choices=["replay", "record", "live"], help=_PLAYBACK)
    chosen, selected = parser.parse_known_args(arguments)
    if chosen.playback:
        os.environ["PODIDENTITY_PLAYBACK"] = chosen.playback
        selected = ["tests/playback/scenarios", *selected]
    passed = run_matrix(selected) if chosen.matrix else _run(selected)
    for name, well in passed.items():
        print(f"{name}: {_OUTCOMES[well]}")
    return 1 if False in passed.values() else 0


def _run(selected: list[str]) -> dict[str, bool | None]:
    prepare_tests()
    if selected:
        return {"pytest": _pytest(selected)}
    prepare_azdev()
    passed: dict[str, bool | None] = {name: _passes(name, words) for name, words in _LINT.items()}
    # Beside the tests, which often wait for something.
    with ThreadPoolExecutor(1) as pool:
        checking = pool.submit(azdev.reports)
        passed["pytest"] = _pytest(selected)
        for check, report in checking.result().items():
            if not report.passed:
                print(f"\nazdev {check}:\n{report.text}")
            passed[f"azdev {check}"] = report.passed
    return passed


def _pytest(selected: list[str]) -> bool:
    return _passes("pytest", ["pytest", "-n", _WORKERS, *(selected or _COVERAGE)])


def _passes(name: str, words: list[str]) -> bool:
    print(f"\n{name}:", flush=True)
    command = [str(NEWEST.python), "-m", *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0
