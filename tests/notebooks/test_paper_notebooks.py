"""The papers' notebooks: the same cells for each paper, and they work without any run."""

from pathlib import Path

import nbformat
import pytest

from tables.papers import spec

FOLDER = Path(__file__).parents[2] / "notebooks"


def code(paper: str) -> list[str]:
    cells = nbformat.read(FOLDER / f"tables_{paper}.ipynb", 4).cells
    return [cell.source for cell in cells if cell.cell_type == "code"]


@pytest.mark.parametrize("paper", spec.papers())
def test_papers_differ_by_their_name_only(paper):
    assert [source.replace(f'"{paper}"', '"PAPER"') for source in code(paper)] == [
        source.replace('"hpm"', '"PAPER"') for source in code("hpm")
    ]


def test_published_numbers_are_shown_without_any_run(tmp_path, capsys):
    namespace: dict = {}
    given = {"results": str(tmp_path / "none"), "folder": str(tmp_path / "out")}
    first, *others = code("hpm")
    exec(first, namespace)
    namespace |= given
    for source in others:
        exec(source, namespace)
    assert len(namespace["paper"].cells) == 190
    assert {path.name for path in (tmp_path / "out").glob("table-1.*")} == {
        f"table-1.{ending}" for ending in ("csv", "md", "tex", "html", "png")
    }
    assert not (tmp_path / "none").exists()
