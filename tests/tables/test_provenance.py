"""What stands below a table about the origin of its numbers."""

from dataclasses import replace

from runs.card import DataCard
from runs.results import collect
from tables.experiment import provenance


def test_options_of_a_dataset_stand_beside_its_checksum(writer):
    writer.run()
    results = collect(writer.write_plan())
    (result,) = results.runs
    data = replace(result.record.data, name="walls", checksum="0123456789abcdef")
    noisy = replace(result, record=replace(result.record, data=data), card=DataCard(options={"labels": "noisy"}))
    assert "Data: walls 0123456789ab (labels=noisy)" in provenance.lines(replace(results, runs=[noisy]))
    plain = replace(noisy, card=DataCard())
    assert "Data: walls 0123456789ab" in provenance.lines(replace(results, runs=[plain]))
