"""The runs of an experiment that belong to one entry of its list of losses, whatever the parameters on each dataset."""

from pathlib import Path

from runs.results import Results, RunResult

_Labelled = dict[str, RunResult]  # by label, in the order of the experiment: the first run of each


def entry_names(result: Results) -> dict[Path, str]:
    """Return a name for each fine-tuned run by its entry in the experiment's list of losses, the same on every dataset.

    An entry may have other parameters on one dataset than on another. Rows of a loss that have the same parameters
    everywhere are the same entry; of the others the first on one dataset is the first on another, as in the list,
    provided that each dataset has as many. A tuned entry has its name from the plan.

    Args:
        result: the runs, in the order of the experiment.

    Returns:
        The name of each run, by its folder.
    """
    rows: dict[str, dict[str, _Labelled]] = {}
    finetuned = [run for run in result.runs if run.run.stage == "finetune"]
    for run in finetuned:
        if not run.entry:
            rows.setdefault(run.run.loss, {}).setdefault(run.run.dataset, {}).setdefault(run.label, run)
    return {run.folder: run.entry or _entry_name(run, rows[run.run.loss]) for run in finetuned}


def _entry_name(run: RunResult, rows: dict[str, _Labelled]) -> str:
    """Return the name of a run's entry.

    Args:
        run: the run.
        rows: of its loss, by dataset.

    Returns:
        Its label if every dataset has it, or if it is unknown which one on another dataset is the same entry; otherwise
        its title with the parameters that all datasets share, and the names of the others.
    """
    everywhere = set.intersection(*(set(found) for found in rows.values()))
    others = [[label for label in found if label not in everywhere] for found in rows.values()]
    if run.label in everywhere or len(rows) == 1 or len(set(map(len, others))) > 1:
        return run.label
    entries = [
        _common_name([found[label] for found, label in zip(rows.values(), labels, strict=True)])
        for labels in zip(*others, strict=True)
    ]
    mine = [label for label in rows[run.run.dataset] if label not in everywhere].index(run.label)
    number = f", {mine + 1}" if entries.count(entries[mine]) > 1 else ""
    return f"{run.title} ({entries[mine]}{number})"


def _common_name(runs: list[RunResult]) -> str:
    """Return the parameters that runs on several datasets share, and the names of those that they do not."""
    chosen = [dict(run.run.loss_parameters) for run in runs]
    names = list(dict.fromkeys(name for parameters in chosen for name in parameters))
    shared = [name for name in names if all(name in each and each[name] == chosen[0].get(name) for each in chosen)]
    parts = [f"{name}={chosen[0][name]}" for name in shared]
    return ", ".join([*parts, *(f"{name} by dataset" for name in names if name not in shared)])
