import pytest

import data_prep
from data_prep.__main__ import main


def test_list_shows_every_dataset(capsys, tmp_path):
    assert main(["list", "--destination", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    for name in data_prep.names():
        assert f"\n{name}  " in f"\n{out}"
        assert data_prep.entry(name).licence in out
    assert "not prepared" in out


def test_prepare_and_check(capsys, tmp_path):
    options = ["--option", "train=2", "--option", "test=1", "--option", "size=64"]
    assert main(["prepare", "synthetic2d", "--destination", str(tmp_path), *options]) == 0
    captured = capsys.readouterr()
    assert captured.out.strip() == str(tmp_path / "synthetic2d")
    # not a terminal: no bar
    assert captured.err == ""
    assert main(["check", str(tmp_path / "synthetic2d")]) == 0
    (tmp_path / "synthetic2d/card.json").write_text("{}")
    (tmp_path / "synthetic2d/labelsTr/train000.png").write_bytes(b"")
    assert main(["check", str(tmp_path / "synthetic2d")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 2
    assert all(str(tmp_path) in line for line in lines)


def test_words_as_options_and_partial(topomortar_source, tmp_path):
    for kind in ("images", "accurate"):
        (topomortar_source / "dataset/test" / kind / "072.png").unlink()
    command = ["prepare", "topomortar", "--source", str(topomortar_source), "--destination", str(tmp_path / "out")]
    assert main([*command, "--option", "labels=noisy"]) == 1
    assert main([*command, "--option", "labels=noisy", "--partial"]) == 0
    assert data_prep.Prepared(tmp_path / "out/topomortar").card.options["labels"] == "noisy"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["synthetic4d"], "unknown dataset 'synthetic4d'; did you mean"),
        (["topomortar"], "needs a source folder"),
        (["synthetic2d", "--option", "sizes=64"], "has no option 'sizes'"),
        (["synthetic2d", "--option", "size=big"], "`size` must be an integer"),
    ],
)
def test_mistake_is_one_line_and_a_status(capsys, tmp_path, arguments, words):
    assert main(["prepare", *arguments, "--destination", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert words in lines[0]
    assert list(tmp_path.iterdir()) == []


def test_option_without_a_value_is_refused(capsys, tmp_path):
    with pytest.raises(SystemExit):
        main(["prepare", "synthetic2d", "--destination", str(tmp_path), "--option", "size"])
    assert "expected NAME=VALUE" in capsys.readouterr().err


def test_destination_that_cannot_be_written_is_one_line(capsys, tmp_path):
    (tmp_path / "file").write_text("x")
    assert main(["prepare", "synthetic2d", "--destination", str(tmp_path / "file")]) == 1
    assert "file" in capsys.readouterr().err


def test_interrupt_is_a_status(monkeypatch, capsys, tmp_path):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(data_prep, "prepare", interrupt)
    assert main(["prepare", "synthetic2d", "--destination", str(tmp_path)]) == 130
    assert "as before" in capsys.readouterr().err
