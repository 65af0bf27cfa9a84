# SPDX-License-Identifier: MIT
"""The blocks of docs/walkthrough.md, run one after the other as they are printed there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from development.documentation import DOCS
from tests.support.azure_cli import AzureCli
from tests.support.processes import child_setup


def test_every_block_ends_as_the_page_says(az: AzureCli, tmp_path: Path) -> None:
    environ = {**az.environment, "PATH": f"{az.az.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
    page = (DOCS / "walkthrough.md").read_text("utf-8")
    blocks = re.findall(r"^([^\n`]*):\n\n```sh\n(.*?)\n```$", page, re.MULTILINE | re.DOTALL)
    assert len(blocks) == page.count("```sh")

    # One shell for all of them: later blocks use the variables of earlier ones.
    script = "".join(f'{block}\necho "$?" >&3\n' for _, block in blocks)
    command = ["bash", "-c", f'exec 3>"{tmp_path}/codes"\n{script}']
    result = subprocess.run(
        command,
        env=environ,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=child_setup(),
    )

    expected = [int(found[1]) if (found := re.search(r"exit code (\d+)", title)) else 0 for title, _ in blocks]
    assert [int(code) for code in (tmp_path / "codes").read_text().split()] == expected, result.stderr
