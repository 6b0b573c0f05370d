"""The hash of source files follows imports, and takes no notice of comments and docstrings."""

import pytest

import losses
from runs import sources
from runs.record import NOT_IN_RESULT
from training.config import Config, rules
from training.rules import NOTHING
from training.sources import of_training

BEFORE = '"""A loss."""\nfrom losses import _base\n\n\ndef f(x):\n    """Double."""\n    # twice\n    return 2 * x\n'


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of three files."""
    (tmp_path / "losses").mkdir()
    (tmp_path / "topology").mkdir()
    (tmp_path / "losses" / "one.py").write_text(BEFORE)
    (tmp_path / "losses" / "_base.py").write_text("import topology\nX = 1\n")
    (tmp_path / "topology" / "__init__.py").write_text("Y = 1\n")
    monkeypatch.setattr(sources, "_ROOT", tmp_path)

    def digest():
        for each in (sources._digest, sources._read, sources._file):
            each.cache_clear()
        return sources.digest(["losses.one"])

    yield tmp_path, digest
    for each in (sources._digest, sources._read, sources._file):
        each.cache_clear()


def test_words_do_not_count(project):
    folder, digest = project
    first = digest()
    changed = '"""Another\ntext."""\n\nfrom losses import _base\n\ndef f(x):\n    # two\n    return 2 * x\n'
    (folder / "losses" / "one.py").write_text(changed)
    assert digest() == first


@pytest.mark.parametrize(
    "changed",
    [
        BEFORE.replace("2 * x", "2 * x  # at the end of a line"),
        BEFORE.replace("2 * x", "(\n        2\n        * x  # broken\n    )"),
        BEFORE.replace("    return", "\n\n    return").replace("    ", "  "),
        BEFORE.replace("import _base", "import (\n    _base,\n)"),
        BEFORE.replace('"""Double."""', "'Double.'"),
    ],
    ids=["comment", "line break", "indentation", "brackets", "quotes"],
)
def test_formatting_does_not_count(project, changed):
    folder, digest = project
    first = digest()
    assert changed != BEFORE
    (folder / "losses" / "one.py").write_text(changed)
    assert digest() == first


@pytest.mark.parametrize(
    ("old", "new"),
    [("return 2 * x", "return None"), ("2 * x", "'2' * x"), ("2 * x", "2.0 * x"), ("def f(x)", "def f(x=None)")],
)
def test_small_changes_of_code_count(project, old, new):
    folder, digest = project
    first = digest()
    (folder / "losses" / "one.py").write_text(BEFORE.replace(old, new))
    assert digest() != first


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [("losses/one.py", "2 * x", "3 * x"), ("losses/_base.py", "X = 1", "X = 2"), ("topology/__init__.py", "1", "2")],
)
def test_code_counts_down_to_the_ground(project, name, old, new):
    folder, digest = project
    first = digest()
    (folder / name).write_text((folder / name).read_text().replace(old, new))
    assert digest() != first


def test_runs_have_the_hash_of_their_own_loss_and_network():
    found = {slug: of_training(Config(loss=slug)) for slug in losses.names()}
    assert found["closs"] != found["cldice"] != found["dice_ce"]
    assert of_training(Config(loss="closs", iterations=3)) == found["closs"]
    assert of_training(Config(loss="closs", network="segresnet")) != found["closs"]
    over = of_training(Config(loss="scnp", loss_parameters={"base": "cldice"}))
    assert over != found["scnp"]


def test_what_determines_nothing_is_what_the_parameters_say():
    assert set(NOT_IN_RESULT) == {name for name, rule in rules().items() if rule.decides == NOTHING}
