"""The conda environment says the same as pyproject.toml, and the pins fit both."""

import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
ON_CONDA = {"torch": "pytorch"}  # where conda-forge has another name


def _project() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {canonicalize_name(r.name): r for r in map(Requirement, project["dependencies"])}


def _environment() -> dict[str, Requirement]:
    entries = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    specs = [e for e in entries if isinstance(e, str)]
    specs += [s for e in entries if isinstance(e, dict) for s in e["pip"] if s != "-e ."]
    return {canonicalize_name(r.name): r for r in map(Requirement, specs)}


def _pins() -> list[Requirement]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [Requirement(line) for line in lines if line.strip()]


def test_environment_has_the_names_and_ranges_of_pyproject():
    environment = _environment()
    python = environment.pop("python")
    environment.pop("pip")
    project = _project()
    expected = {canonicalize_name(ON_CONDA.get(name, name)): r.specifier for name, r in project.items()}
    assert {name: r.specifier for name, r in environment.items()} == expected
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert python.specifier == SpecifierSet(requires)


def test_pins_lie_in_the_ranges_and_name_no_place():
    project = _project()
    pinned = {canonicalize_name(r.name): r for r in _pins()}
    assert set(project) <= set(pinned)
    for pin in _pins():
        (spec,) = pin.specifier
        assert spec.operator == "=="
        assert pin.url is None
        assert "+" not in spec.version
        wanted = project.get(canonicalize_name(pin.name))
        assert wanted is None or wanted.specifier.contains(spec.version), pin
