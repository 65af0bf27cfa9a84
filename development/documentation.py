# SPDX-License-Identifier: MIT
"""The generated pages of docs/: `python3 -m development.documentation` writes them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from development.paths import NEWEST, ROOT
from development.program import continue_as
from development.walk import WALK, Step

if TYPE_CHECKING:
    from azext_podidentity.profile.known_errors import KnownError

DOCS = ROOT / "docs"
_WITH_BLOCKS = ("manifest.md", "migration.md", "performance.md", "reliability.md", "../README.md")
_TROUBLESHOOTING = """# Troubleshooting

Each heading is the code or the text of an error of the service. Below it are the cause and the fix that the extension
recommends, for a cluster `myAKSCluster` in `myResourceGroup`; the commands in your errors contain your own names. To
find problems before the service refuses a change, run `az aks pod-identity check`.

If the device to which standard output is redirected is full, the error is `No space left on device`. Changes that the
command has made are kept. Help is printed by az itself, which reports this error with a traceback.

While an operation runs on the cluster, `check` shows its age and, after one hour, suggests `az aks operation-abort`.
The start of an operation can be read only with preview versions of the API. If it cannot be read, the age is missing.
"""
_WALKTHROUGH = """# Walkthrough

`./demo` runs these commands against the simulated Azure and shows what they print; a test runs every block. To type
them yourself, open `./demo shell --empty`, which starts without a cluster. On Azure, use your own names.
"""


def pages() -> dict[str, str]:
    """Return the text of each page that is generated, or has parts that are, by file name."""
    from development.generated_blocks import fill
    from development.reference import reference

    written = {name: fill((DOCS / name).read_text("utf-8")) for name in _WITH_BLOCKS}
    return {
        "reference.md": reference(),
        "walkthrough.md": walkthrough(),
        "troubleshooting.md": troubleshooting(),
        **written,
    }


def walkthrough() -> str:
    """Return the steps of the demo as a page (Markdown)."""
    parts = [_WALKTHROUGH]
    for section in WALK:
        parts.append(f"\n## {section.title}\n")
        parts += [f"\n{step.purpose}{_ending(step)}:\n\n```sh\n{typed(step)}\n```\n" for step in section.steps]
    return "".join(parts)


def typed(step: Step) -> str:
    """Return a step's command as you type it into a shell."""
    return f"{step.keep_as}=$({step.command})" if step.keep_as else step.command


def troubleshooting() -> str:
    """Return the table of known errors as a page (Markdown)."""
    return "\n".join([_TROUBLESHOOTING, *_refusals()])


def _ending(step: Step) -> str:
    return f" (refused, exit code {step.exit_code})" if step.exit_code else ""


def _refusals() -> Iterator[str]:
    from azext_podidentity.profile.cluster import Cluster
    from azext_podidentity.profile.cluster_reference import ClusterReference
    from azext_podidentity.profile.entries import Profile
    from azext_podidentity.profile.error_rows import TABLE
    from azext_podidentity.profile.known_errors import find_known
    from azext_podidentity.profile.service_requests import ON_CLUSTER, Request, ServiceMessage, Stage

    cluster = Cluster(
        ClusterReference("myResourceGroup", "myAKSCluster"), Profile(enabled=True), provisioning_state="Succeeded"
    )
    for row in TABLE:
        stage = next(each for each in Stage if each in row.stages)
        said = ServiceMessage(row.codes[0] if row.codes else "", row.sample)
        known = find_known([row], [said], Request(stage, cluster if stage in ON_CLUSTER else None))
        assert known, f"the sample does not match: {row.sample}"
        advice = row.advise(known[1])
        yield "\n\n".join((f"## {_heading(row, TABLE)}", f"> {row.sample}", advice.reason, *advice.steps)) + "\n"
        if advice.commands:
            yield "```sh\n{}\n```\n".format("\n".join(advice.commands))


def _heading(row: KnownError, table: Iterable[KnownError]) -> str:
    """Return the codes of the row; if they are not its own, with what distinguishes it or how its message begins."""
    codes = row.codes or ((row.heading,) if row.heading else ())
    named = ", ".join(f"`{code}`" for code in codes)
    if codes and sum(each.codes == row.codes for each in table if row.codes) <= 1:
        return named
    sentence = row.sample.partition(". ")[0].partition(" (")[0].rstrip(".")
    return f"{named}: {row.heading or sentence}" if named else f"`{sentence}`"


def main() -> int:
    """Write the pages; return 0."""
    for name, text in pages().items():
        (DOCS / name).write_text(text, "utf-8")
    return 0


if __name__ == "__main__":
    if sys.prefix != str(NEWEST.folder):
        continue_as("development.documentation", [])
    sys.exit(main())
