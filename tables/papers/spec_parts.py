"""The parts of a spec, which defines how a paper's tables are made: tables/<paper>.yaml.

A spec holds no published number: it selects those of published/<paper>.csv by their columns, and says for each which
runs it needs. Its keys:

    paper, title, reference, notes    notes are printed under every table
    datasets    published slug: {dataset, dims, images, options, folds, patches, on_patches, training, closed}: slug in
                this suite, dimensions, the paper's [training, test] images, options of the preparation, number of folds
                where the prepared dataset has fewer than the paper, where `on_patches` are measured, training
                parameters that differ, why the data are unavailable to others (such as "not public")
    groups      name: {like, engine, pretrain, pretrain_of, finetune, common, folds, seeds, ensemble, small}: a
                protocol, which is a separate experiment; `main` has the paper's name. Without `pretrain` each
                loss starts from scratch; `pretrain_of` names the group whose pretraining is used; `like` the group
                that is altered; `ensemble`: the folds' networks vote on the test set; `small` is the network below a
                scale of 0.1; `engine`: what trains it, "suite" or "nnunet" (`tables.papers.nnunet`)
    losses      published method: {loss, parameters, stage}; without an entry the slug is the suite's
    parameters  published parameter: the suite's
    metrics     published metric: {metric, title}; without an entry the slug is the suite's
    rules       list of {when, unless, use}: `when` selects published numbers by the columns' values (of `setting` one
                of its parts), but not those that `unless`, which may be left out, selects; `use` says how they are
                measured, see `tables.papers.required_runs`. Two rules must not disagree about a number.
    tables      name: {title, rows, columns, baseline, within, std, notes}: which columns name a row and a column of
                the table (`setting.key`: one part of a setting), the row against which the others are tested, the
                columns that a baseline shares with its rows, "runs" where the paper's standard deviation is over runs,
                not over cases
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from tables.papers.published import matches, records

MAIN = "main"
ENGINES = ("suite", "nnunet")


@dataclass(frozen=True)
class Dataset:
    """A dataset as a paper uses it; see the module for the fields."""

    dataset: str
    dims: int = 2
    images: list[int] = field(default_factory=lambda: [0, 0])
    options: dict[str, Any] = field(default_factory=dict)
    folds: int = 0
    patches: dict[str, Any] = field(default_factory=dict)
    on_patches: list[str] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    closed: str = ""


@dataclass(frozen=True)
class Group:
    """A training protocol; see the module for the fields."""

    name: str
    like: str = ""
    engine: str = "suite"
    pretrain: dict[str, Any] = field(default_factory=dict)
    pretrain_of: str = ""
    finetune: dict[str, Any] = field(default_factory=dict)
    common: dict[str, Any] = field(default_factory=dict)
    folds: int = 1
    seeds: int = 1
    ensemble: bool = False
    small: dict[str, Any] = field(default_factory=lambda: {"network": "unet"})


@dataclass(frozen=True)
class Rule:
    """How some published numbers are measured; see the module for the fields."""

    when: dict[str, Any]
    use: dict[str, Any]
    unless: dict[str, Any] = field(default_factory=dict)

    def selects(self, row: Mapping[str, Any]) -> bool:
        """Return whether the rule applies to a published number."""
        return matches(row, self.when) and not (self.unless and matches(row, self.unless))


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper; see the module for the fields."""

    name: str
    title: str = ""
    rows: list[str] = field(default_factory=lambda: ["method", "parameter", "setting"])
    columns: list[str] = field(default_factory=lambda: ["metric"])
    baseline: dict[str, Any] = field(default_factory=dict)
    within: list[str] = field(default_factory=lambda: ["dataset"])
    std: str = "cases"
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Spec:
    """A paper's tables; see the module for the fields. `published` are its printed numbers."""

    paper: str
    path: Path
    published: pd.DataFrame
    title: str = ""
    reference: str = ""
    notes: list[str] = field(default_factory=list)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    losses: dict[str, dict[str, Any]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, dict[str, str]] = field(default_factory=dict)
    rules: list[Rule] = field(default_factory=list)
    tables: dict[str, PaperTable] = field(default_factory=dict)

    def of(self, table: str) -> list[dict[str, Any]]:
        """Return the published numbers of one table, in the printed order."""
        return records(self.published[self.published["table"] == table])
