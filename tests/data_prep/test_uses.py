import csv
from collections import defaultdict
from pathlib import Path

from data_prep._uses import TABLES

import data_prep

PUBLISHED = Path(__file__).resolve().parents[2] / "tables" / "published"
PAPERS = {"cldice": "clDice", "contextloss": "ContextLoss", "hpm": "HPM", "scnp": "SCNP"}
# names of the published tables that differ from the datasets' slugs
SLUGS = {"roads": "massachusetts_roads", "synthetic_vessels": "cldice_synthetic"}


def test_uses_are_those_of_the_published_tables():
    published = defaultdict(set)
    for paper, title in PAPERS.items():
        with (PUBLISHED / f"{paper}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["dataset"]:
                    published[SLUGS.get(row["dataset"], row["dataset"])].add(f"{title} {row['table']}")
    listed = {
        slug: {
            f"{part.split(' ', 1)[0]} {table}"
            for part in uses.split("; ")
            for table in part.split(" ", 1)[1].split(", ")
        }
        for slug, uses in TABLES.items()
    }
    assert listed == published


def test_every_dataset_of_the_tables_can_be_prepared():
    assert set(TABLES) <= set(data_prep.names())
