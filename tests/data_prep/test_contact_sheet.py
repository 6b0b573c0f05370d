import numpy as np
import pytest
from PIL import Image

import data_prep
from data_prep import Prepared
from data_prep.__main__ import main
from data_prep.prepared import contact_sheet as module


def test_check_draws_a_sheet_beside_the_folder(small, capsys):
    assert main(["check", str(small)]) == 0
    path = small.parent / "figures" / "synthetic2d-contact-sheet.png"
    assert f"look at {path}" in capsys.readouterr().out
    with Image.open(path) as image:
        assert min(image.size) > 300
    assert data_prep.check(small) == []


def test_sheet_goes_where_it_is_asked_for(small, tmp_path):
    assert main(["check", str(small), "--sheet", str(tmp_path / "deep/sheet.png")]) == 0
    assert (tmp_path / "deep/sheet.png").is_file()


@pytest.mark.parametrize("name", ["synthetic2d", "synthetic3d"])
def test_sheet_says_share_components_and_loops(prepared, name, monkeypatch, tmp_path):
    titles = []
    monkeypatch.setattr("matplotlib.axes.Axes.set_title", lambda axis, text, **_: titles.append(text))
    data = Prepared(prepared / name)
    module(data, tmp_path / "sheet.png", count=2)
    case, *lines = titles[1].splitlines()
    case = case.split(",")[0]
    for index, (line, known) in enumerate(zip(lines, data.card.betti[case].values(), strict=True), start=1):
        share = (data.label(case) == index).mean()
        assert line == f"{data.classes[index]}: {share:.1%}, {known[0]} components, {known[1]} loops"


def test_more_cases_than_there_are_and_none(small, tmp_path):
    assert module(Prepared(small), tmp_path / "a.png", count=99).is_file()
    with pytest.raises(ValueError, match="`count` must be at least 1, got 0"):
        module(Prepared(small), tmp_path / "a.png", count=0)


def test_ignored_pixels_are_veiled(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("matplotlib.axes.Axes.imshow", lambda axis, picture, **_: shown.append(picture))
    root = tmp_path / "own"
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
    mask = np.zeros((480, 480), np.uint8)
    mask[:100], mask[200:220] = 255, 1
    for name in "ab":
        Image.fromarray(np.zeros((480, 480, 3), np.uint8)).save(root / f"images/{name}.png")
        Image.fromarray(mask).save(root / f"masks/{name}.png")
    data = Prepared(data_prep.prepare("folder", root, tmp_path / "data", ignore=255))
    module(data, tmp_path / "sheet.png", count=1)
    assert np.allclose(shown[0][:100], 0.4)
    assert np.allclose(shown[0][110:200], 0)
    assert shown[0][200].max() > 0.5
