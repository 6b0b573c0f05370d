"""From official files, or archives of them, to the plan of a dataset: all that a file in datasets/ needs."""

from data_prep._plan import Case, Fold, Plan, Sample
from data_prep._problems import PreparationError
from data_prep.reading.coding import Coding, find_coding
from data_prep.reading.counts import describe_absent, describe_count, describe_counts
from data_prep.reading.decode import decode, drop_opaque_alpha
from data_prep.reading.folds import block_folds, blocks, grouped_folds, interleaved_folds
from data_prep.reading.geometry import check_geometry
from data_prep.reading.images import read_image, read_mask, translate
from data_prep.reading.listing import Listing, find_root, strip_ending
from data_prep.reading.matlab import read_matlab
from data_prep.reading.nuclei import SPLIT_DOUBT, read_array, split_as_scnp, to_8_bit
from data_prep.reading.options import check_choice
from data_prep.reading.own_layout import find_pairs
from data_prep.reading.pairs import (
    Pair,
    deal_out,
    describe_fields_of_view,
    load_binary,
    make_cases,
    names,
    read_field_of_view,
    split_cases,
    split_pairs,
)
from data_prep.reading.resampling import sum_areas
from data_prep.reading.volumes import BINARY, load_volumes, read_volume

__all__ = [
    "BINARY",
    "SPLIT_DOUBT",
    "Case",
    "Coding",
    "Fold",
    "Listing",
    "Pair",
    "Plan",
    "PreparationError",
    "Sample",
    "block_folds",
    "blocks",
    "check_choice",
    "check_geometry",
    "decode",
    "deal_out",
    "describe_absent",
    "describe_count",
    "describe_counts",
    "describe_fields_of_view",
    "drop_opaque_alpha",
    "find_coding",
    "find_pairs",
    "find_root",
    "grouped_folds",
    "interleaved_folds",
    "load_binary",
    "load_volumes",
    "make_cases",
    "names",
    "read_array",
    "read_field_of_view",
    "read_image",
    "read_mask",
    "read_matlab",
    "read_volume",
    "split_as_scnp",
    "split_cases",
    "split_pairs",
    "strip_ending",
    "sum_areas",
    "to_8_bit",
    "translate",
]
