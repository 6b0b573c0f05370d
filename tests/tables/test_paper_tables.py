import io
import math
import re
import shutil
import subprocess

import pandas as pd
import pytest

from tables import markup
from tables.papers import render
from tables.papers.cells import COLUMNS

EMPTY = dict.fromkeys(("published_std", "measured", "measured_std", "ci_low", "ci_high", "n", "p"), math.nan)


def _cell(row, column, **values):
    base = {"table": "1", "row": row, "column": column, "metric": column, "unit": "", "direction": "up"}
    base |= {
        "published": 0.85,
        "published_best": 0,
        "stars": "",
        "best": 0,
        "status": "missing",
        "note": "no run",
        **EMPTY,
    }
    return base | values


@pytest.fixture
def cells():
    full = {
        "measured": 0.861,
        "measured_std": 0.02,
        "ci_low": 0.85,
        "ci_high": 0.87,
        "n": 50,
        "p": 0.004,
        "stars": "**",
    }
    rows = [
        _cell("Dice & CE", "Dice", published_std=0.1),
        _cell("Dice & CE", "β0 error", direction="down", published=14.0),
        _cell("CLoss_x", "Dice", published_best=1, best=1, status="measured", note="", **full),
        _cell(
            "CLoss_x", "β0 error", direction="down", published=math.nan, status="failed", note="<CUDA> out of memory"
        ),
        _cell("quoted | row", "Dice", status="published only", note="from [17]"),
        _cell("quoted | row", "β0 error", direction="down", status="partial", measured=3.0, note="partial data"),
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_html_shows_both_numbers_and_names_what_is_missing(cells):
    text = render.as_html(cells, "Title & more", ["Scale 0.1 <of it>"])
    found = re.findall(r"<td.*?</td>", text)
    assert "Title &amp; more" in text
    assert "Scale 0.1 &lt;of it&gt;" in text
    measured = next(cell for cell in found if "0.86" in cell)
    assert '<strong class="published">0.85</strong>' in measured
    assert "<strong>0.86 ± 0.02**</strong>" in measured
    assert "95 % CI [0.85, 0.87], n 50; Δ +0.01" in measured
    missing = [cell for cell in found if 'class="absent"' in cell]
    assert len(missing) == 4
    assert 'title="no run"' in missing[0]
    assert "<em>missing</em>" in missing[0]
    assert 'title="&lt;CUDA&gt; out of memory"' in next(cell for cell in missing if "failed" in cell)
    assert any("3.00 (partial)" in cell for cell in found)


def test_arrows_say_which_way_is_better(cells):
    text = render.markdown(cells, "Title", [])
    assert "|  | Dice ↑ | β0 error ↓ |" in text
    # a bar in a name does not end its cell
    assert r"quoted \| row" in text
    assert all(line.replace(r"\|", "").count("|") == 4 for line in text.splitlines() if line.startswith("|"))


def test_csv_holds_plain_numbers_and_the_difference(cells):
    text = render.as_csv(cells)
    frame = pd.read_csv(io.StringIO(text))
    assert list(frame.columns) == [*COLUMNS, "difference"]
    assert frame["difference"][2] == pytest.approx(0.011)
    assert frame["measured"].isna().sum() == 4


def test_files_of_all_formats(cells, tmp_path):
    paths = render.render(cells, "Title", [], tmp_path / "table-I.9")
    assert [path.name for path in paths] == [f"table-I.9.{ending}" for ending in ("csv", "md", "tex", "html")]
    assert paths[-1].read_text().startswith("<!DOCTYPE html>")


def test_latex_has_two_columns_for_each_metric(cells):
    text = render.latex(cells, "Title_1", ["50 % of it"])
    assert r"\begin{tabular}{lrrrr}" in text
    assert r"CLoss\_x & \textbf{0.85} & \textbf{0.86 $\pm$ 0.02**}" in text
    assert r"\toprule" in text
    for line in text.splitlines():
        if line.endswith(r"\\"):
            assert line.replace(r"\&", "").count("&") + line.count("multicolumn") == 4, line


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="no LaTeX on this machine (pdflatex)")
def test_latex_compiles(cells, tmp_path):
    body = render.latex(cells, "Title_1 & more", ["50 % of it: (1 - i)^0.9 < 1, " + "".join(markup.LATEX_SIGNS)])
    document = r"\documentclass{article}\usepackage[utf8]{inputenc}\usepackage{booktabs,graphicx}\begin{document}"
    (tmp_path / "x.tex").write_text(f"{document}\n{body}\n\\end{{document}}\n", encoding="utf-8")
    done = subprocess.run(
        ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "x.tex"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "x.pdf").is_file()
