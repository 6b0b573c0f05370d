import csv
from collections import defaultdict
from pathlib import Path

import data_prep

PUBLISHED = Path(__file__).resolve().parents[2] / "tables" / "published"
PAPERS = ("cldice", "contextloss", "hpm", "scnp", "topomortar")
# names of the published tables that differ from the datasets' slugs
SLUGS = {"roads": "massachusetts_roads", "synthetic_vessels": "cldice_synthetic"}


def test_uses_are_those_of_the_published_tables():
    published = defaultdict(set)
    for paper in PAPERS:
        with (PUBLISHED / f"{paper}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["dataset"]:
                    published[SLUGS.get(row["dataset"], row["dataset"])].add((paper, row["table"]))
    entries = {slug: data_prep.entry(slug) for slug in data_prep.names()}
    stated = {
        slug: {(paper, table) for paper, tables in entry.uses.items() for table in tables}
        for slug, entry in entries.items()
        if entry.uses
    }
    assert stated == published


def test_tables_are_quoted_as_their_papers_are():
    assert data_prep.entry("massachusetts_roads").tables == "clDice 1, 2; ContextLoss 5, 6, 7; HPM 1"
    assert data_prep.entry("synthetic2d").tables == "none"
    assert data_prep.entry("fives").papers == ("scnp",)
