"""The gallery of an experiment: which cases it shows, in how many pictures, and when it is drawn again."""

import re

import numpy as np
import pytest

from evaluation import cases
from pictures.errors import Case
from runs.results import collect
from tables.experiment import gallery
from tables.index import entries, page

BASE = [0.5, 0.6, 0.7, 0.8, 0.4, 0.3, 0.9]
GAIN = [0.2, -0.1, 0.0, 0.1, 0.3, 0.05, 0.02]  # of CLoss, by case


@pytest.fixture
def results(writer, monkeypatch):
    """CLoss gains on most cases, SCNP on none; a volume of two slices stands for each case on the second dataset."""
    for dataset in ("roads", "vessels"):
        writer.run(dataset=dataset, dice=BASE)
        writer.run("closs", dataset=dataset, dice=[a + b for a, b in zip(BASE, GAIN, strict=True)])
        writer.run("scnp", dataset=dataset, dice=[value - 0.05 for value in BASE])

    def load(folder, name):
        shape = (2, 6, 7) if "vessels" in str(folder) else (6, 7)
        truth = np.zeros(shape, int)
        truth[..., 2, :] = 1
        return Case(name, np.zeros((1, *shape)), truth, truth)

    monkeypatch.setattr(cases, "load", load)
    return writer.write_plan(title="Demo & more")


def test_cases_go_from_the_worst_to_the_best_for_the_best_loss(results):
    choice = gallery.choose(collect(results).of("roads"), 5)
    assert choice.by == "Dice of CLoss minus that of Dice&CE"
    names = list(choice.values.index)
    differences = [GAIN[names.index(case)] for case in choice.words]
    assert differences == sorted(differences)
    assert (differences[0], differences[-1]) == (min(GAIN), max(GAIN))
    assert [words.split(":")[0] for words in choice.words.values()][::2] == ["worst", "median", "best"]
    assert list(choice.words.values())[0] == "worst: -0.100"
    assert len(gallery.choose(collect(results).of("roads"), 50).words) == len(BASE)


def test_dice_ce_alone_is_shown_by_its_own_values(writer):
    writer.run(dice=BASE)
    choice = gallery.choose(collect(writer.write_plan()).runs, 2)
    assert choice.by == "Dice of Dice&CE"
    assert list(choice.words.values()) == ["worst: 0.300", "best: 0.900"]


def test_one_page_of_limited_size_that_needs_no_network(results):
    written = gallery.write(collect(results))
    text = written.read_text()
    assert "http" not in text
    pictures = re.findall(r'src="([^"]+)"', text)
    assert len(pictures) == gallery.MOST[2] + gallery.MOST[3]
    assert all((written.parent / name).is_file() for name in pictures)
    assert len(list(written.parent.iterdir())) == len(pictures) + 1
    (found,) = entries.experiments(results.parent)
    assert 'href="demo/gallery/index.html#roads"' in page.as_html([found], results.parent)


def test_it_is_drawn_again_only_for_other_numbers(results, writer):
    first = gallery.write(collect(results))
    before = first.stat().st_mtime_ns
    assert gallery.write(collect(results)).stat().st_mtime_ns == before
    writer.run("closs", dataset="roads", dice=BASE)
    assert gallery.write(collect(results)).stat().st_mtime_ns != before


def test_data_that_are_elsewhere_are_told(results, monkeypatch):
    def missing(folder, name):
        raise FileNotFoundError("no dataset here")

    monkeypatch.setattr(cases, "load", missing)
    assert "No pictures: no dataset here" in gallery.write(collect(results)).read_text()
