import gc

from runs.results import collect
from tables.experiment import advice, compare, once, stability_tables


def test_what_is_made_of_an_experiment_is_made_once_and_forgotten_with_it(writer):
    calls = []
    remembered = once.once(lambda results: calls.append(results.title) or [results.title])
    for loss in ("dice_ce", "closs"):
        writer.run(loss)
    results = collect(writer.write_plan())
    assert remembered(results) is remembered(results)
    assert calls == ["Demo"]
    other = collect(results.folder)
    assert remembered(other) == ["Demo"]
    assert calls == ["Demo", "Demo"]
    del results
    gc.collect()
    third = collect(other.folder)  # it may lie where the first one was
    assert remembered(third) == ["Demo"]
    assert len(calls) == 3


def test_tables_advice_and_ranks_are_made_once(writer):
    for loss in ("dice_ce", "closs"):
        writer.run(loss)
    results = collect(writer.write_plan())
    for make in (compare.comparisons, advice.collect, stability_tables.collect):
        assert make(results) is make(results)
