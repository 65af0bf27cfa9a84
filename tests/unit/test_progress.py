# SPDX-License-Identifier: MIT
"""Progress output while a command waits."""

from __future__ import annotations

import io
import sys
import time
from types import SimpleNamespace
from typing import Any

import pytest
from humanfriendly.terminal import ANSI_ERASE_LINE

from azext_podidentity.cli import progress as progress_module
from azext_podidentity.cli.progress import PATIENCE, Lines, counted, progress
from tests.support.builders import Clock


def cli(*, only_show_errors: bool = False, no_bar: bool = False) -> Any:
    config = SimpleNamespace(getboolean=lambda *_: no_bar)
    return SimpleNamespace(data={}, only_show_errors=only_show_errors, config=config)


def messages(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records]


@pytest.fixture(autouse=True)
def _verbose(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")


@pytest.mark.parametrize(("unusual", "level"), [(True, "WARNING"), (False, "INFO")])
def test_only_unusual_waits_are_warnings(
    caplog: pytest.LogCaptureFixture, clock: Clock, unusual: bool, level: str
) -> None:
    with progress(cli(), "Waiting", unusual=unusual) as update:
        clock.sleep(PATIENCE)
        update()
    assert [record.levelname for record in caplog.records] == [level]


def test_long_stage_is_logged_once(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    az = cli()
    for seconds in (1, 1, 2, 3, 9):  # like the repeated waits for a role
        with progress(az, "Waiting for the role") as update:
            for _ in range(4 * seconds):
                update()
                clock.sleep(0.25)
        assert messages(caplog) == (["Waiting for the role"] if clock.now > 1000 + PATIENCE else [])
    assert messages(caplog) == ["Waiting for the role"]


def test_short_stage_is_not_logged(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with progress(cli(), "Waiting") as update:
        update()
        clock.sleep(PATIENCE - 0.1)
        update()
    assert messages(caplog) == []


def test_counted_stage_is_logged_once_with_count(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    with counted(cli(), "Granting", 40) as report:
        for done in range(40):
            report(done)
            clock.sleep(PATIENCE / 20)
    assert messages(caplog) == ["Granting: 20 of 40"]


def test_lasting_operation_states_are_logged(caplog: pytest.LogCaptureFixture, clock: Clock) -> None:
    lines = Lines(cli(), "Changing cluster c")
    lines.begin()
    for state in ("InProgress", "Short", "ReconcilingAddons", ""):
        for _ in range(1 if state == "Short" else 3):
            lines.update_progress_with_msg(state)
            clock.sleep(PATIENCE)
    lines.end()
    assert messages(caplog) == [
        "Changing cluster c: in progress",
        "Changing cluster c: reconciling addons",
        "Changing cluster c",
    ]


@pytest.mark.parametrize("quiet", [cli(only_show_errors=True), cli(no_bar=True)])
def test_quiet_settings_log_nothing(caplog: pytest.LogCaptureFixture, clock: Clock, quiet: Any) -> None:
    with progress(quiet, "Waiting") as update:
        clock.sleep(99)
        update()
    assert messages(caplog) == []


@pytest.mark.parametrize("columns", [20, 42, 80, 120, 200])
def test_spinner_fits_terminal_line(clock: Clock, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(progress_module, "line_width", lambda: columns)
    monkeypatch.setattr(time, "time", lambda: clock.now)
    with progress(cli(), "Waiting for another operation on cluster " + "long-name" * 9) as report:
        for _ in range(100):
            report()
            clock.sleep(1)
    frames = [frame.replace(ANSI_ERASE_LINE, "") for frame in stream.getvalue().split("\r") if frame]
    assert {len(frame) for frame in frames if "Waiting" in frame} <= set(range(columns))
    assert columns < 42 or any("(59 s)" in frame for frame in frames)
    assert columns < 42 or any("(1 min 1 s)" in frame for frame in frames)
    assert "\n" not in stream.getvalue()
