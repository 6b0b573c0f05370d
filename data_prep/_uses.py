"""Which of the papers' tables use which dataset; a test compares it with the published numbers."""

from collections.abc import Mapping

TABLES: Mapping[str, str] = {
    "atlas2": "SCNP H.8, I.11",
    "axons": "SCNP H.8, I.9",
    "cirrmri600": "SCNP E.3, H.8, I.11",
    "cld": "ContextLoss 2, 3, 4, 5",
    "cldice_synthetic": "clDice 3",
    "crack500": "SCNP H.8, I.10",
    "cremi": "clDice 1",
    "cremi_a": "HPM 1",
    "cremi_b": "HPM 1",
    "cremi_c": "HPM 1",
    "deepglobe_roads": "SCNP E.3, H.8, I.10",
    "drive": "clDice 1, 2",
    "fives": "SCNP 1, 2, B.1, E.3, F, H.8, I.9, K.13, K.14",
    "hrf": "ContextLoss 5",
    "icas_d": "HPM 1",
    "ihc_tma": "SCNP H.8, I.12",
    "isbi12": "HPM 1",
    "isles24": "SCNP H.8, I.11",
    "lynsec": "SCNP H.8, I.12",
    "massachusetts_roads": "clDice 1, 2; ContextLoss 5, 6, 7; HPM 1",
    "mslesseg": "SCNP H.8, I.11",
    "nuinsseg": "SCNP E.3, H.8, I.12",
    "pulmonary_va": "SCNP B.2, H.8, I.9",
    "topomortar": "SCNP H.8, I.10",
    "vessap": "clDice 1, 2; ContextLoss 5",
}


def describe_uses(slug: str) -> str:
    """Say which tables of which papers use a dataset, such as "ContextLoss 5, 6; HPM 1"; "none" where none does."""
    return TABLES.get(slug, "none")
