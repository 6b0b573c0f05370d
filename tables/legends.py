"""How to read the tables: one text for each kind of table."""

from tables.intervals import METHOD, ROUGH, SIGN
from tables.stability import FEW

_STARS = "* p < 0.05, ** p < 0.01, *** p < 0.001"
INTERVAL = f"Intervals: 95 %, of the mean, by {METHOD} over the cases; {SIGN}: rough, of fewer than {ROUGH} cases."
FIGURE = f"95 % interval of the mean by {METHOD}"
ROUGH_FIGURE = f"{SIGN} fewer than {ROUGH} cases: rough"
NULL = (
    "The tests' null: the two losses are exchangeable in every case. Where equal means hide distributions of "
    "different shapes, they reject in up to 14 % of simulated experiments, not 5 % (docs/results.md)."
)
SHARED = "Differences and their tests are taken over the runs (folds and seeds) that both losses have."
COMPARISON = (
    "Mean ± standard deviation over cases (folds and seeds averaged within each case first); [k/n]: defined in k of n "
    "cases; arrows: which way is better; best marked; the pretraining, from which all start, does not compete. Stars: "
    "another mean than Dice&CE's by a paired permutation test on the cases, Holm over the table (* p < 0.05, ** 0.01, "
    f"*** 0.001). In parentheses the interval. {SHARED} {INTERVAL} {NULL}"
)
PAPER = (
    "Above: as published, bold as printed. Below: measured here, mean ± standard deviation as the paper gives it; "
    "bold: best measured of its column, over 5 cases and at a scale of 0.01 at least. Stars: paired permutation test "
    f"against the baseline, Holm over the table ({_STARS}). 95 % CI: of the measured mean over n cases. Δ: measured "
    "minus published, without an interval, as the papers print no values by case. A cell without a measured value says "
    f"why; no number is filled in from elsewhere. {INTERVAL} {NULL}"
)
SCORES = (
    "Mean ± standard deviation over the cases (interval of the mean); [k/n]: defined in k of n cases; arrows: which "
    f"way is better; best mean in bold. {INTERVAL}"
)
SCORES_COMPARED = (
    "Difference: first minus other, mean over the cases in which both are defined, with its interval. dz: mean over "
    "standard deviation of the differences. Wins: share of cases in which the first is better, ties by half. p: paired "
    "permutation test, two tails, 10,000 patterns of signs, corrected by Holm over all rows of this table (* p < 0.05, "
    f"** 0.01, *** 0.001). {INTERVAL} {NULL}"
)
SCORECARD = (
    "Effect: on each dataset the mean difference over cases, divided by the differences' root mean square (about "
    "Cohen's dz, at most 1), positive in the claim's favour; then the mean over datasets, which all count alike. "
    "Claims of no loss allow for their margin. Confirmed: it goes the way of the claim and differs from 0 (paired "
    "permutation test stratified by dataset, Holm over the scorecard, p < 0.05). Opposite: it goes the other way, "
    "as surely. Not confirmed: neither. Depends on the structure: confirmed on one kind of structure, opposite on "
    "another (the same test on the datasets of each kind, Holm over the kinds). Machinery only: smoke runs, whose "
    "numbers say nothing about any loss. Not run: no runs of both losses on a dataset of the claim. Costs: the "
    "ratio against the limit, without a test. I²: share of the spread between the datasets' effects that chance "
    "does not explain. Folds and seeds are averaged within each case first; of a test set in parts, the first "
    f"counts unless the claim is about the others. {SHARED} {INTERVAL} {NULL}"
)
SCORECARD_BY_DATASET = (
    "Mean difference: over the cases of the dataset, in the metric's unit, positive in the claim's favour. p: paired "
    f"permutation test on this dataset alone, not corrected. {INTERVAL}"
)
STABILITY = (
    "Rank: by the mean over cases and runs (folds and seeds); over all datasets by the mean of the datasets' means, "
    "each over the spread of its differences, so that all datasets count alike. Ranks: 95 % interval from tests of "
    "each loss against all others at once, with cases and runs resampled; it holds for a single loss, in 95 % of "
    "experiments where all losses are equal, in more where they differ. A loss wins if its interval is 1 to 1: "
    "significantly better than every other one. Among equal losses there is a winner in at most 5 % of experiments. "
    "First: share of the resamples in which the loss has the best mean; columns with numbers: share in which its mean "
    "is better than that of the loss with this number (ties by half). These shares describe the data and are no tests: "
    "among equal losses one always leads. With one run of each loss, differences between seeds are not in any "
    f"interval. Below {FEW} cases nothing is concluded. Without post-processing."
)
ADVICE_AT_A_GLANCE = (
    "Better: in the clDice metric or a Betti error, and worse in none of them nor in Dice. At a price: better in one, "
    "worse in another. Worse: in one, and better in none. Open: no significant difference."
)
ADVICE = (
    "Difference: from Dice&CE's mean over the cases, in the metric's unit, with its interval; bold: significantly "
    "better, italic: significantly worse (paired permutation test, Holm over the losses of the dataset). A loss is "
    "recommended where it is better in the clDice metric or a Betti error and worse in none of them nor in Dice. "
    "Losses are in the order of that verdict, then of the mean standardised effect on clDice metric and Betti errors. "
    "Time: seconds of an iteration over Dice&CE's in the same runs; machines that do other work make it rough. The "
    "datasets stand for their kinds of structure as far as one dataset can. "
    f"{SHARED} {INTERVAL} {NULL} Without post-processing."
)
