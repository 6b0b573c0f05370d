"""The index of what has been run, as data, and as a page seen in a browser."""

import re
import shutil
import subprocess

import pytest

from tables.__main__ import main
from tables.index import entries, page

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
BETTER = [0.40 + 0.01 * n for n in range(12)]


@pytest.fixture
def results(writer):
    """An experiment on two datasets, CLoss the best on both with other parameters; SCNP failed; a broken one beside."""
    for dataset, gamma in (("roads", 0.1), ("walls", 0.3)):
        writer.run(dataset=dataset, dice=BETTER)
        writer.run("closs", dataset=dataset, parameters={"gamma": gamma}, dice=[value + 0.2 for value in BETTER])
    writer.run("scnp", dataset="walls", cause="failed: NaN")
    folder = writer.write_plan(smoke=False, title="Demo & more")
    (folder / "tables").mkdir()
    (folder / "tables" / "comparison.html").write_text("x")
    (writer.results / "broken" / "runs").mkdir(parents=True)
    (writer.results / "broken" / "plan.json").write_text("{")
    return writer.results


def test_the_best_loss_of_each_dataset(results):
    broken, demo = entries.experiments(results)
    assert "plan.json" in broken.state
    assert demo.state == "4 of 5 done, 1 failed"
    assert list(demo.links) == ["table", "runs"]
    roads, walls = demo.datasets
    assert [data.name for data in demo.datasets] == ["roads", "walls"]
    by_metric = {best.metric.slug: best for best in walls.best}
    assert by_metric["dice"].loss == "CLoss (gamma=0.3)"
    assert by_metric["dice"].average.mean == pytest.approx(sum(BETTER) / 12 + 0.2)
    assert by_metric["dice"].verdict.startswith("better by 0.200")
    assert {best.loss for best in roads.best} == {"CLoss (gamma=0.1)"}


def test_the_page_needs_no_network_and_leads_to_the_tables(results, capsys):
    assert main(["index", str(results)]) == 0
    written = results / "index.html"
    assert capsys.readouterr().out.strip() == str(written)
    text = written.read_text()
    assert "http" not in text
    assert "Demo &amp; more" in text
    links = re.findall(r'href="([^"]+)"', text)
    assert "demo/tables/comparison.html" in links
    assert all((results / link).exists() for link in links)


def test_without_any_run_it_says_what_to_do(tmp_path, capsys):
    assert "make reproduce" in page.as_html(entries.experiments(tmp_path / "none"), ".")
    assert main(["index", str(tmp_path / "none")]) == 2
    assert "is no folder" in capsys.readouterr().err


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (chromium or google-chrome)")
def test_a_click_on_a_heading_sorts(results, tmp_path):
    """A browser opens the page, clicks "dataset" twice and hands back what it then shows."""
    text = page.write(results, tmp_path / "index.html").read_text()
    click = "document.querySelector('th[data-sorts]').click();"
    (tmp_path / "clicked.html").write_text(text.replace("</body>", f"<script>{click}{click}</script></body>"))
    found = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", (tmp_path / "clicked.html").as_uri()],
        check=True, capture_output=True, text=True, timeout=120,
    ).stdout  # fmt: skip
    assert found.index("<strong>walls</strong>") < found.index("<strong>roads</strong>")
    assert 'aria-sort="descending"' in found
