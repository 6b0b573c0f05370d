import json
import math

import pytest

import losses
from tables.__main__ import main
from tables.claims import claims, exchange, page, scorecard
from tables.claims.claims import Claim
from tables.claims.scorecard import CONFIRMED, MACHINERY, NOT_RUN, OPPOSITE, UNDECIDED

DICE = Claim("d", "CLoss is better.", "here", "dice", {"loss": "closs"}, {"loss": "dice_ce"})
BETTI = Claim("b", "CLoss has fewer errors.", "here", "betti0_error", {"loss": "closs"}, {"loss": "dice_ce"})
BETTER = [0.50 + 0.002 * n for n in range(12)]


@pytest.fixture
def experiment(writer):
    """CLoss is 0.1 better than Dice&CE in every case, over two seeds; SCNP is exactly as good."""
    for seed in (0, 1):
        writer.run(seed=seed, dice=[value - 0.1 for value in BETTER])
        writer.run("closs", seed=seed, dice=[value + (0.02 if seed else -0.02) for value in BETTER])
        writer.run("scnp", seed=seed, dice=[value - 0.1 for value in BETTER])
    return writer.write_plan(smoke=False)


def _one(experiment, claim):
    (answer,) = scorecard.make([experiment], [claim])
    return answer


def test_claims_of_the_suite():
    listed = claims.load()
    assert len(listed) >= 30
    assert {claim.source.partition(",")[0] for claim in listed} == {
        "ContextLoss",
        "clDice",
        "SCNP",
        "HPM",
        "this suite",
        "cbDice",
        "Topograph",
        "homotopy warping",
    }
    for claim in listed:
        for side in (claim.left, claim.right):
            losses.build(side["loss"], **side.get("parameters", {}))
        # every claim of a paper can be looked up in it, or says nothing about its tables
        if claim.published:
            assert claims.in_paper(claim), claim.id


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("scnp-betti0", "6 of 6 rows"),
        ("scnp-dice", "3 of 6 rows"),
        ("closs-dice", "0 of 1 rows"),
        ("shpm-betti0", "6 of 6 rows"),
        ("shpm-cost", "2 of 2 rows"),
        ("compound-cldice", "2 of 4 rows"),
        ("scnp-window", "holds: 7, 7, 9 from thin to thick"),
    ],
)
def test_what_the_papers_say_themselves(name, expected):
    """Counted by hand in the tables; SCNP loses Dice on PulmonaryVA and Crack500 and one more, CLoss at gamma = 0.2."""
    assert claims.in_paper(next(claim for claim in claims.load() if claim.id == name)) == expected


def test_confirmed_with_effect_interval_and_cases(experiment):
    answer = _one(experiment, DICE)
    assert (answer.status, answer.n) == (CONFIRMED, 12)
    assert answer.effect == pytest.approx(0.1)
    assert answer.low == pytest.approx(0.1)
    # all 2^12 patterns of signs
    assert answer.p == pytest.approx(2 / 2**12)
    assert answer.scale == {"roads": "? iterations, 2 seeds, smoke"}


def test_lower_is_better_for_errors(experiment):
    answer = _one(experiment, BETTI)
    assert (answer.status, answer.effect) == (CONFIRMED, pytest.approx(1.0))


def test_smoke_runs_confirm_nothing(writer, writer_of, tmp_path):
    """They were called confirmed; and they do not count beside runs in earnest."""
    other = writer_of(tmp_path / "earnest")
    for each, shift in ((writer, 0.1), (other, -0.1)):
        each.run(dice=BETTER)
        each.run("closs", dice=[value + shift for value in BETTER])
    smoke, earnest = writer.write_plan(smoke=True), other.write_plan(smoke=False)
    cost = Claim("c", "x.", "h", "seconds_per_iteration", {"loss": "closs"}, {"loss": "dice_ce"}, "ratio", limit=1.1)
    answers = scorecard.make([smoke], [DICE, cost])
    assert [answer.status for answer in answers] == [MACHINERY, MACHINERY]
    assert answers[0].n == 12
    assert math.isnan(answers[0].p_holm)
    listed = [DICE, cost]
    assert "0 confirmed, 0 not confirmed, 0 opposite, 0 not run, 2 machinery only." in page.markdown(answers, listed)
    assert "Smoke run" in page.markdown(answers, listed)
    assert scorecard.make([smoke, earnest], [DICE])[0].status == OPPOSITE
    assert scorecard.merge([answers, scorecard.make([earnest], [DICE])], [DICE])[0].status == OPPOSITE
    content = json.loads(exchange.as_json(answers))
    old = [{name: value for name, value in answer.items() if name != "smoke"} for answer in content["answers"]]
    (tmp_path / "old.json").write_text(json.dumps(content | {"answers": old}))
    assert [answer.smoke for answer in exchange.read(tmp_path / "old.json")] == [True, True]


def test_opposite(experiment):
    turned = Claim("t", "x.", "here", "dice", {"loss": "dice_ce"}, {"loss": "closs"})
    assert _one(experiment, turned).status == OPPOSITE


def test_equal_is_not_confirmed(experiment):
    equal = Claim("e", "x.", "here", "dice", {"loss": "scnp"}, {"loss": "dice_ce"})
    answer = _one(experiment, equal)
    assert (answer.status, answer.p) == (UNDECIDED, 1.0)


@pytest.mark.parametrize(("margin", "status"), [(0.2, CONFIRMED), (0.05, OPPOSITE)])
def test_not_worse_than_by_a_margin(experiment, margin, status):
    claim = Claim("m", "x.", "here", "dice", {"loss": "dice_ce"}, {"loss": "closs"}, kind="not_worse", margin=margin)
    assert _one(experiment, claim).status == status


def test_costs_against_their_limit(experiment):
    for limit, status in ((1.1, CONFIRMED), (0.9, OPPOSITE)):
        claim = Claim(
            "c", "x.", "h", "seconds_per_iteration", {"loss": "closs"}, {"loss": "dice_ce"}, "ratio", limit=limit
        )
        answer = _one(experiment, claim)
        assert (answer.status, answer.effect) == (status, 1.0)


def test_what_was_not_run(experiment):
    missing = Claim("n", "x.", "here", "dice", {"loss": "phpm"}, {"loss": "dice_ce"})
    elsewhere = Claim("o", "x.", "here", "dice", {"loss": "closs"}, {"loss": "dice_ce"}, datasets=("cld",))
    assert [answer.status for answer in scorecard.make([experiment], [missing, elsewhere])] == [NOT_RUN, NOT_RUN]


def test_holm_is_over_the_whole_scorecard(experiment):
    answers = scorecard.make([experiment], [DICE, BETTI])
    assert answers[0].p_holm == pytest.approx(2 * answers[0].p)


def test_scorecards_of_two_machines(writer_of, tmp_path):
    cards = []
    for number in (0, 1):
        writer = writer_of(tmp_path / str(number))
        writer.run(dice=BETTER[6 * number : 6 * number + 6] if number else BETTER[:6], dataset=f"d{number}")
        writer.run("closs", dice=[v + 0.1 for v in BETTER[6 * number : 6 * number + 6]], dataset=f"d{number}")
        card = scorecard.make([writer.write_plan(smoke=False)], [DICE])
        path = tmp_path / f"{number}.json"
        path.write_text(exchange.as_json(card))
        cards.append(exchange.read(path))
    assert [card[0].n for card in cards] == [6, 6]
    (joined,) = scorecard.merge(cards, [DICE])
    assert (joined.n, joined.status) == (12, CONFIRMED)
    assert set(joined.scale) == {"d0", "d1"}
    # the same machine twice is one machine
    (twice,) = scorecard.merge([cards[0], cards[0]], [DICE])
    assert (twice.n, twice.effect) == (6, pytest.approx(0.1))


def test_json_round_trip_and_schema(experiment, tmp_path):
    answers = scorecard.make([experiment])
    path = tmp_path / "scorecard.json"
    path.write_text(exchange.as_json(answers))
    again = exchange.read(path)
    assert [a.status for a in again] == [a.status for a in answers]
    assert all(math.isnan(a.effect) == math.isnan(b.effect) for a, b in zip(answers, again, strict=True))
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {"schema": "scorecard/1999-01-01"}))
    with pytest.raises(ValueError, match="expected a scorecard of schema 'scorecard/2026-11-21', got 'scorecard/1999"):
        exchange.read(path)


def test_command_writes_page_and_json(experiment, tmp_path, capsys):
    assert main(["scorecard", str(experiment.parent), "-o", str(tmp_path / "card")]) == 0
    written = (tmp_path / "card" / "scorecard.md").read_text()
    assert written == capsys.readouterr().out
    assert "Smoke run" not in written
    assert main(["scorecard", str(tmp_path / "card" / "scorecard.json")]) == 0
    assert capsys.readouterr().out == written
    assert main(["scorecard", str(tmp_path / "nothing")]) == 2
    assert "no experiment in it" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "dize"}, "unknown metric 'dize'"),
        ({"kind": "best"}, "`kind` must be one of better, not_worse, ratio, trend"),
        ({"sign": 1}, "has no field sign"),
        ({"says": None}, "lacks says"),
        ({"says": "no full stop"}, "`says` must be one sentence"),
        ({"left": {"lost": "closs"}}, "left: has no field lost"),
    ],
)
def test_wrong_claims_are_all_named(tmp_path, change, message):
    import yaml

    entry = {
        "id": "x",
        "says": "A.",
        "source": "s",
        "metric": "dice",
        "left": {"loss": "closs"},
        "right": {"loss": "ce"},
    }
    entry = {name: value for name, value in (entry | change).items() if value is not None}
    path = tmp_path / "claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [entry, entry | {"metric": "other"} if "metric" in entry else entry]}))
    with pytest.raises(ValueError, match="claim 'x'") as caught:
        claims.load(path)
    assert message in str(caught.value)
    assert "occurs twice" in str(caught.value)
