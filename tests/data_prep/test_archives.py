import gzip
import io
import os
import shutil
import sys
import tarfile
import warnings
import zipfile

import pytest

import data_prep
from data_prep import PreparationError, Prepared
from data_prep.reading.archives import is_archive, unpack


def _entries(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


def _pack(kind, root, path):
    """Pack a folder's content, without the folder itself."""
    if kind == "zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in _entries(root):
                archive.write(file, file.relative_to(root))
    else:
        with tarfile.open(path, "w:" + kind.partition(".")[2]) as archive:
            for file in sorted(root.iterdir()):
                archive.add(file, file.relative_to(root))
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_archive_gives_the_same_dataset_as_its_folder(topomortar_source, tmp_path, kind):
    folder = data_prep.prepare("topomortar", topomortar_source, tmp_path / "a", partial=True)
    archive = _pack(kind, topomortar_source.parent, tmp_path / f"download.{kind}")
    packed = data_prep.prepare("topomortar", archive, tmp_path / "b", partial=True)
    assert [case for case in Prepared(packed).cases("train")] == Prepared(folder).cases("train")
    for file in _entries(folder / "imagesTr") + _entries(folder / "labelsTs"):
        assert (packed / file.relative_to(folder)).read_bytes() == file.read_bytes()
    assert list(Prepared(packed).card.more["archives"]) == [archive.name]
    assert os.listdir(tmp_path / "b") == ["topomortar"]


def test_several_archives_in_a_folder_are_taken_together(topomortar_source, tmp_path):
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    for part in ("train", "val", "test"):
        only = tmp_path / part
        shutil.copytree(topomortar_source / "dataset" / part, only / "dataset" / part)
        _pack("zip", only, downloads / f"{part}.zip")
    for name in ("splits.yaml", "dataset_types.txt"):
        (downloads / "dataset").mkdir(exist_ok=True)
        shutil.copy(topomortar_source / "dataset" / name, downloads / "dataset" / name)
    with zipfile.ZipFile(downloads / "lists.zip", "w") as archive:
        for name in ("splits.yaml", "dataset_types.txt"):
            archive.write(downloads / "dataset" / name, f"dataset/{name}")
    shutil.rmtree(downloads / "dataset")
    prepared = Prepared(data_prep.prepare("topomortar", downloads, tmp_path / "b", partial=True))
    assert len(prepared.cases("test")) == 4
    assert sorted(prepared.card.more["archives"]) == ["lists.zip", "test.zip", "train.zip", "val.zip"]


def test_archive_does_not_write_into_folders_beside_it(topomortar_source, tmp_path):
    downloads = tmp_path / "downloads"
    (downloads / "dataset").mkdir(parents=True)
    (downloads / "dataset" / "mine.txt").touch()
    _pack("zip", topomortar_source, downloads / "x.zip")
    before = _entries(downloads)
    with pytest.raises(
        PreparationError, match=r"x\.zip: dataset/.* is there already, from another archive or beside it"
    ):
        data_prep.prepare("topomortar", downloads, tmp_path / "a", partial=True)
    assert _entries(downloads) == before


def test_archive_within_an_archive_is_unpacked(topomortar_source, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    _pack("tar.gz", topomortar_source.parent, inner / "data.tar.gz")
    outer = _pack("zip", inner, tmp_path / "outer.zip")
    assert Prepared(data_prep.prepare("topomortar", outer, tmp_path / "a", partial=True)).cases("test")


def _tar_with(path, name, kind=tarfile.REGTYPE, link=""):
    with tarfile.open(path, "w") as archive:
        good = tarfile.TarInfo("good.txt")
        archive.addfile(good, io.BytesIO())
        bad = tarfile.TarInfo(name)
        bad.type, bad.linkname = kind, link
        archive.addfile(bad, io.BytesIO())
    return path


def _zip_with(path, name, attributes=0o100644):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("good.txt", "")
        info = zipfile.ZipInfo("x")
        # the constructor would tidy the name
        info.filename = info.orig_filename = name
        info.external_attr = attributes << 16
        archive.writestr(info, "/etc/passwd")
    return path


MALICIOUS = {
    "tar-parent": lambda folder: _tar_with(folder / "x.tar", "a/../../evil.txt"),
    "tar-absolute": lambda folder: _tar_with(folder / "x.tar", "/evil.txt"),
    "tar-symlink": lambda folder: _tar_with(folder / "x.tar", "link", tarfile.SYMTYPE, "/etc"),
    "tar-hardlink": lambda folder: _tar_with(folder / "x.tar", "link", tarfile.LNKTYPE, "good.txt"),
    "tar-device": lambda folder: _tar_with(folder / "x.tar", "null", tarfile.CHRTYPE),
    "zip-parent": lambda folder: _zip_with(folder / "x.zip", "../evil.txt"),
    "zip-absolute": lambda folder: _zip_with(folder / "x.zip", "/evil.txt"),
    "zip-windows": lambda folder: _zip_with(folder / "x.zip", "C:\\evil.txt"),
    "zip-backslash": lambda folder: _zip_with(folder / "x.zip", "..\\evil.txt"),
    "zip-symlink": lambda folder: _zip_with(folder / "x.zip", "link", 0o120777),
}


@pytest.mark.parametrize("make", MALICIOUS.values(), ids=MALICIOUS.keys())
def test_no_member_leaves_the_destination(tmp_path, make):
    archive = make(tmp_path)
    with pytest.raises(PreparationError, match=r"x\.(tar|zip): member .* nothing was unpacked"):
        data_prep.prepare("topomortar", archive, tmp_path / "in" / "prepared")
    assert _entries(tmp_path) == [archive]
    # folders made on the way are gone as well
    assert os.listdir(tmp_path) == [archive.name]


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.gz", "x.gz"])
@pytest.mark.parametrize("content", ["text", "half"])
def test_broken_archive_is_named(topomortar_source, tmp_path, name, content):
    path = tmp_path / name
    if content == "text":
        path.write_text("<html>log in first</html>")
    else:
        kind = name.removeprefix("x.").replace("gz", "tar.gz") if name == "x.gz" else name.removeprefix("x.")
        _pack(kind, topomortar_source, path)
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(PreparationError, match=rf"{name}: .*get"):
        data_prep.prepare("topomortar", path, tmp_path / "prepared")
    assert not (tmp_path / "prepared").exists()


def test_member_longer_than_the_list_says_is_stopped(tmp_path, monkeypatch):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(1 << 20))
    data = bytearray(path.read_bytes())
    # the list of contents at the end, and the member's own head, each give the size as 1 MiB: say 10 bytes
    size = (1 << 20).to_bytes(4, "little")
    assert data.count(size) == 2
    path.write_bytes(bytes(data).replace(size, (10).to_bytes(4, "little")))
    with pytest.raises(PreparationError, match="bomb|cannot be unpacked"):
        unpack(path, tmp_path, progress=False)
    assert not (tmp_path / "bomb").exists() or (tmp_path / "bomb").stat().st_size <= 1 << 20


def test_archive_that_needs_more_than_the_free_space_is_refused(topomortar_source, tmp_path, monkeypatch):
    archive = _pack("zip", topomortar_source, tmp_path / "x.zip")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(PreparationError, match=r"x\.zip: needs .* GB free; choose another destination"):
        data_prep.prepare("topomortar", archive, tmp_path / "prepared")


def test_volumes_and_pictures_packed_by_gzip_are_no_archives(tmp_path):
    for name in ("a.nii.gz", "im0001.ppm.gz", "notes.txt"):
        (tmp_path / name).touch()
        assert not is_archive(tmp_path / name)
    (tmp_path / "a.tif.gz").touch()
    assert is_archive(tmp_path / "a.tif.gz")


def test_rar_says_to_unpack_it(tmp_path):
    (tmp_path / "x.rar").touch()
    with pytest.raises(PreparationError, match=r"x\.rar: RAR archives cannot be read here; unpack it yourself"):
        data_prep.prepare("topomortar", tmp_path / "x.rar", tmp_path)


def test_source_that_is_neither_is_named(tmp_path):
    (tmp_path / "x.iso").touch()
    with pytest.raises(PreparationError, match=r"x\.iso: neither a folder nor a zip, tar, 7z or gz archive"):
        data_prep.prepare("topomortar", tmp_path / "x.iso", tmp_path)


def test_7z_is_unpacked(topomortar_source, tmp_path):
    py7zr = pytest.importorskip("py7zr", reason="7z archives need the optional py7zr")
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w") as archive:
        archive.writeall(topomortar_source, "TopoMortar")
    folder = data_prep.prepare("topomortar", tmp_path / "x.7z", tmp_path / "a")
    assert len(Prepared(folder).cases("test")) == 4


def test_encrypted_7z_is_named_as_such(topomortar_source, tmp_path):
    py7zr = pytest.importorskip("py7zr", reason="7z archives need the optional py7zr")
    with py7zr.SevenZipFile(tmp_path / "x.7z", "w", password="secret") as archive:
        archive.writeall(topomortar_source, "TopoMortar")
    with pytest.raises(PreparationError, match=r"x\.7z: encrypted; unpack it yourself"):
        data_prep.prepare("topomortar", tmp_path / "x.7z", tmp_path / "a")


def test_7z_without_py7zr_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "py7zr", None)
    (tmp_path / "train.7z").write_bytes(b"7z")
    with pytest.raises(PreparationError, match=r"train\.7z: needs py7zr \(pip install py7zr\)"):
        data_prep.prepare("isles24", tmp_path / "train.7z", tmp_path / "a")


def test_encrypted_zip_is_named_as_such(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "content")
    data = bytearray(path.read_bytes())
    # the flags of the member's own head, and of the list of contents at the end
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(PreparationError, match=r"x\.zip: encrypted; unpack it yourself"):
        unpack(path, tmp_path, progress=False)


def test_two_members_for_one_place_are_refused(tmp_path):
    for number, names in enumerate((["a.txt", "a.txt"], ["a", "a/b.txt"])):
        path = tmp_path / f"{number}.zip"
        with zipfile.ZipFile(path, "w") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for name in names:
                archive.writestr(name, "")
        with pytest.raises(PreparationError, match=r"in the archive twice|inside 'a', which is a file"):
            unpack(path, tmp_path, progress=False)
    assert {path.name for path in tmp_path.iterdir()} == {"0.zip", "1.zip"}


def test_name_that_no_file_can_have_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("n" * 300, "")
    with pytest.raises(PreparationError, match="no name that a file can have"):
        unpack(tmp_path / "x.zip", tmp_path, progress=False)


def test_tar_that_claims_more_than_any_disk_holds_is_refused(tmp_path):
    info = tarfile.TarInfo("big")
    info.size = 10**15
    (tmp_path / "x.tar").write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(1024))
    with pytest.raises(PreparationError, match=r"x\.tar"):
        unpack(tmp_path / "x.tar", tmp_path, progress=False)


def test_gzip_stops_at_the_end_of_the_free_space(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes(1 << 22)))
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10, 9, 1 << 21))
    with pytest.raises(PreparationError, match=r"x\.gz: needs more than the free space"):
        unpack(tmp_path / "x.gz", tmp_path / "out", progress=False)
