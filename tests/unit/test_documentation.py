from __future__ import annotations

import re

import pytest

from development.documentation import DOCS, pages


@pytest.mark.parametrize("name", pages())
def test_a_generated_page_is_as_the_code_has_it(name: str) -> None:
    written = (DOCS / name).read_text("utf-8")
    assert written == pages()[name], "write it anew: python3 -m development.documentation"


def test_the_index_names_every_page_and_links_lead_somewhere() -> None:
    names = {path.name for path in DOCS.glob("*.md")}
    index = (DOCS / "README.md").read_text("utf-8")
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", index)) == names - {"README.md"}
    for name in names:
        for link in re.findall(r"\]\((?!https:)([^)#]+)\)", (DOCS / name).read_text("utf-8")):
            assert (DOCS / link).exists(), f"{name}: {link}"
