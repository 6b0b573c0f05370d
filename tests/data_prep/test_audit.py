"""The label audit: what it counts, where it stands, what the command prints."""

import json

import numpy as np
from PIL import Image

import data_prep
from data_prep.__main__ import main
from data_prep.prepared.label_audit import audit_label, summary


def test_each_kind_is_counted():
    label = np.zeros((40, 40), np.uint8)
    label[0:6, 5:20] = 1  # at the border
    label[20:30, 20:35] = 1
    label[24, 25] = 0  # a pinhole
    label[35, 5] = 1  # a speck
    label[36, 6] = 1  # joined by a corner only: the adjacency matters
    label[10, 30] = 2
    found = audit_label(label, 4)
    assert found["1"] == {"tiny_components": 1, "pinholes": 1, "border_components": 1, "adjacency_matters": 1}
    assert found["2"] == {"tiny_components": 1}
    assert set(found) == {"1", "2"}


def test_cavities_are_the_pinholes_of_volumes():
    volume = np.zeros((9, 9, 9), np.uint8)
    volume[2:7, 2:7, 2:7] = 1
    volume[4, 4, 4] = 0
    assert audit_label(volume, 2) == {"1": {"pinholes": 1}}


def test_summary_names_the_worst_cases():
    audit = {"a": {"1": {"pinholes": 2}}, "b": {"1": {"pinholes": 5}, "2": {"pinholes": 1}}}
    assert summary(audit, 2) == ["holes (3D: cavities) of at most 10 pixels: 8 in 2 cases, most in b, a"]
    assert summary({}, 2) == []


def test_a_prepared_dataset_has_its_audit_on_the_card(tmp_path, capsys):
    folder = data_prep.prepare("synthetic2d", None, tmp_path, train=5, test=2, size=64)
    data = data_prep.Prepared(folder)
    on_card = data.card.label_audit
    case = data.cases("test")[0]
    assert on_card.get(case, {}) == audit_label(data.label(case), 2)
    assert data_prep.audit(data) == on_card
    assert main(["check", str(folder)]) == 0
    assert "components cut by the image's border" in capsys.readouterr().out


def test_ones_own_folder_gets_a_card(tmp_path, capsys):
    folder = tmp_path / "mine"
    for name in ("imagesTr", "labelsTr"):
        (folder / name).mkdir(parents=True)
    for number in range(5):
        label = np.zeros((16, 16), np.uint8)
        label[4, 4 + number] = 1
        Image.fromarray(label * 100).save(folder / "imagesTr" / f"c{number}_0000.png")
        Image.fromarray(label).save(folder / "labelsTr" / f"c{number}.png")
    dataset = {"channel_names": {"0": "grey"}, "labels": {"background": 0, "x": 1}, "file_ending": ".png"}
    (folder / "dataset.json").write_text(json.dumps({**dataset, "numTraining": 5}))
    before = data_prep.Prepared(folder).checksum
    assert main(["check", str(folder)]) == 0
    assert data_prep.Prepared(folder).checksum == before  # a run's data are the same after a check
    assert "components of at most 10 pixels: 5 in 5 cases" in capsys.readouterr().out
    card = json.loads((folder / "card.json").read_text())
    assert card["label_audit"]["c0"] == {"1": {"tiny_components": 1}}
    assert data_prep.Prepared(folder).card.title == "mine"
    Image.fromarray(np.zeros((16, 16), np.uint8)).save(folder / "labelsTr" / "c0.png")
    assert "c0" not in data_prep.audit(data_prep.Prepared(folder))  # audited anew
    assert data_prep.Prepared(folder).checksum != before
