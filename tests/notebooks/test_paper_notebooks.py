"""The papers' notebook: one for all papers, and it works without any run."""

import shutil
from pathlib import Path

import nbformat
import pytest

from tables.papers import report, spec
from workflow.notebook_parameters import declared

FOLDER = Path(__file__).parents[2] / "notebooks"


def cells(name: str) -> list:
    return nbformat.read(FOLDER / f"{name}.ipynb", 4).cells


def code(name: str) -> list[str]:
    return [cell.source for cell in cells(name) if cell.cell_type == "code"]


@pytest.mark.parametrize("alias", sorted(FOLDER.glob("tables_*.ipynb")), ids=lambda path: path.stem)
def test_a_papers_own_notebook_is_the_one_with_another_default(alias):
    paper = alias.stem.removeprefix("tables_")
    assert paper in spec.papers()
    wanted = [cell.source.replace('paper: str = "scnp"', f'paper: str = "{paper}"') for cell in cells("paper")]
    assert [cell.source for cell in cells(alias.stem)] == wanted


def test_published_numbers_are_shown_without_any_run(tmp_path):
    namespace: dict = {}
    first, *others = code("paper")
    exec(first, namespace)
    namespace |= {"paper": "hpm", "results": str(tmp_path / "none"), "folder": str(tmp_path / "out")}
    for source in others:
        exec(source, namespace)
    assert len(namespace["collected"].cells) == 190
    assert {path.suffix for path in (tmp_path / "out").glob("table-1.*")} >= {".csv", ".md", ".tex", ".html", ".png"}
    assert not (tmp_path / "none").exists()


def test_a_paper_is_found_by_its_files_alone(tmp_path, monkeypatch):
    """A fifth paper: one YAML and one CSV; planned, collected, and shown by the same notebook, nothing else edited."""
    (tmp_path / "published").mkdir()
    shutil.copy(spec.PUBLISHED / "hpm.csv", tmp_path / "published" / "fifth.csv")
    text = (spec.FOLDER / "hpm.yaml").read_text().replace("paper: hpm", "paper: fifth")
    (tmp_path / "fifth.yaml").write_text(text)
    monkeypatch.setattr(spec, "FOLDER", tmp_path)
    monkeypatch.setattr(spec, "PUBLISHED", tmp_path / "published")
    assert spec.papers() == ["fifth"]
    assert len(report.collect("fifth", tmp_path).cells) == 190
    notebook, output, *given = report.notebook_command("fifth", tmp_path, 0.5)
    assert Path(notebook).name == "paper.ipynb"
    assert output == str(tmp_path / "fifth-scale0.5" / "paper" / "tables_fifth.ipynb")
    names = [word for before, word in zip(given, given[1:], strict=False) if before == "-p"]
    assert set(names) <= set(declared(FOLDER / "paper.ipynb"))
