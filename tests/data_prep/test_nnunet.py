"""nnU-Net's own integrity check accepts prepared folders (extra `nnunet`)."""

import pytest

import data_prep


@pytest.fixture(scope="module")
def verify():
    """nnU-Net's check; it prints what is wrong and raises, or prints and returns."""
    pytest.importorskip("nnunetv2", reason="nnU-Net is not installed: pip install .[nnunet]")
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity

    return verify_dataset_integrity


@pytest.mark.parametrize("name", ["synthetic2d", "synthetic3d"])
def test_prepared_dataset_passes(verify, prepared, name, capsys):
    verify(str(prepared / name), num_processes=1)
    out = capsys.readouterr().out
    assert "most likely OK" in out
    assert "error" not in out.lower().replace("error messages", "")


def test_colour_images_pass(verify, topomortar_source, tmp_path, capsys):
    folder = data_prep.prepare("topomortar", topomortar_source, tmp_path, partial=True)
    verify(str(folder), num_processes=1)
    assert "most likely OK" in capsys.readouterr().out


def test_the_check_would_see_a_wrong_label(verify, small):
    from PIL import Image

    path = small / "labelsTr" / "train001.png"
    Image.open(path).point(lambda value: 9 * value).save(path)
    with pytest.raises(RuntimeError, match="unexpected labels"):
        verify(str(small), num_processes=1)
