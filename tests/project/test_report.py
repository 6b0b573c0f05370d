"""The table and the page made from asv's result files."""

import json
import re

import pandas as pd
import pytest

from benchmarks.report import MEMORY, RATIO, TIMES, main, of_losses, read_results

FORWARD_BACKWARD = TIMES["forward + backward (ms)"]


def write_results(folder, commit: str, day: int, results: dict[str, list[float | None]], environment="env") -> None:
    """Write a file as asv does: values for the product of the parameters."""
    parameters = [["'cldice'", "'dice_ce'"], ["'2D 512x512'"], ["'cpu'", "'cuda'"]]
    path = folder / "a machine" / f"{commit}-{environment}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "commit_hash": commit * 10,
        "env_name": environment,
        "date": day * 86_400_000,
        "params": {"machine": "a machine", "python": "3.11"},
        "python": "3.11",
        "requirements": {},
        "env_vars": {},
        "result_columns": ["result", "params", "version"],
        "results": {name: [values, parameters, "1"] for name, values in results.items()},
        "durations": {},
        "version": 2,
    }
    path.write_text(json.dumps(content))
    (path.parent / "machine.json").write_text("{}")


@pytest.fixture
def results(tmp_path):
    """Two commits; the newer one has cldice twice as fast; nothing ran on CUDA."""
    nothing = float("nan")
    write_results(tmp_path, "0123abcd", 1, {RATIO: [8.0, nothing, 1.0, nothing]})
    newer = {
        RATIO: [4.0, nothing, 1.0, nothing],
        FORWARD_BACKWARD: [0.012, nothing, 0.003, nothing],
        MEMORY[0]: [110 * 2**20, nothing, 103 * 2**20, nothing],
        MEMORY[1]: [100 * 2**20, nothing, 100 * 2**20, nothing],
    }
    write_results(tmp_path, "4567cdef", 2, newer)
    return tmp_path


def test_the_newest_number_of_each_loss_is_shown(results):
    table = of_losses(read_results(results)).set_index("loss")
    assert table.loc["cldice", "times Dice&CE"] == 4
    assert table.loc["cldice", "forward + backward (ms)"] == pytest.approx(12)
    assert table.loc["cldice", "memory (MiB)"] == pytest.approx(10)
    assert list(table["device"]) == ["cpu", "cpu"]


def test_results_of_nothing_but_other_benchmarks_give_an_empty_table():
    other = pd.DataFrame(
        [{"benchmark": "b", "parameters": ("x",), "value": 1.0, "date": pd.Timestamp(0), "commit": "c"}]
    )
    assert of_losses(other).empty


def test_table_is_printed_and_the_page_needs_no_network(results, tmp_path, capsys):
    page = tmp_path / "page.html"
    assert main(["--results", str(results), "--html", str(page)]) == 0
    printed = capsys.readouterr().out
    assert "a machine, env, commit 4567cdef" in printed
    assert re.search(r"\| cldice +\| 2D 512x512 +\| cpu +\| 12 +\| 4 +\| 10 +\|", printed)
    text = page.read_text()
    assert not re.search(r"""(src|href)=["']?(https?:)?//""", text)
    assert "data:image/png;base64," in text


def test_without_results_it_says_what_to_do(tmp_path, capsys):
    assert main(["--results", str(tmp_path), "--html", str(tmp_path / "page.html")]) == 1
    assert "make bench" in capsys.readouterr().err


def test_environments_are_kept_apart(results, capsys):
    """A newer commit in another environment replaced the numbers of the first one."""
    write_results(results, "89abcdef", 3, {RATIO: [7.0, float("nan"), 1.0, float("nan")]}, "other")
    assert main(["--results", str(results), "--html", str(results / "page.html")]) == 0
    printed = capsys.readouterr().out
    first, second = printed.index("a machine, env, commit 4567cdef"), printed.index("a machine, other, commit 89abcdef")
    assert "| 4 " in " ".join(printed[first:second].split())
    assert "| 7 " in " ".join(printed[second:].split())


def test_what_failed_at_the_newest_commit_has_no_number(results):
    """The number of the commit before stood in its place, under the newest commit's name."""
    nothing = float("nan")
    write_results(results, "89abcdef", 3, {RATIO: [nothing, nothing, 1.0, nothing]})
    table = of_losses(read_results(results)).set_index("loss")
    assert list(table.index) == ["dice_ce"]
