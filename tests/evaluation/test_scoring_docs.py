"""docs/scoring.md names every preset, option and file that there is."""

import re
from pathlib import Path

from evaluation.scoring import presets
from tables.scores import command

PAGE = (Path(__file__).parents[2] / "docs" / "scoring.md").read_text(encoding="utf-8")


def test_presets():
    table = PAGE.partition("| preset |")[2].partition("\n\n")[0]
    named = [name for line in table.splitlines()[2:] for name in re.findall(r"`([\w-]+)`", line.split("|")[1])]
    assert sorted(named) == presets.names()


def test_options():
    import argparse

    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    command.add(subparsers)
    options = {
        o for action in subparsers.choices["score"]._actions for o in action.option_strings if o.startswith("--")
    }
    assert options - {"--help", "--output"} == set(re.findall(r"--[a-z][a-z-]*", PAGE))
