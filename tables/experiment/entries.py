"""The runs of an experiment that belong to one entry of its list of losses, whatever the parameters on each dataset."""

from pathlib import Path

from runs.results import Results, RunResult


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
    labels: dict[str, dict[str, list[str]]] = {}
    for run in result.runs:
        if run.run.stage == "finetune" and not run.entry:
            found = labels.setdefault(run.run.loss, {}).setdefault(run.run.dataset, [])
            found += [run.label] if run.label not in found else []
    finetuned = [run for run in result.runs if run.run.stage == "finetune"]
    return {run.folder: run.entry or _entry_name(run, labels[run.run.loss]) for run in finetuned}


def _entry_name(run: RunResult, labels: dict[str, list[str]]) -> str:
    """Return the name of a run's entry.

    Args:
        run: the run.
        labels: of its loss, by dataset, in the order of the experiment.

    Returns:
        Its label if every dataset has it, or if it is unknown which one on another dataset is the same entry; otherwise
        its title.
    """
    everywhere = set.intersection(*(set(found) for found in labels.values()))
    if run.label in everywhere:
        return run.label
    others = {dataset: [label for label in found if label not in everywhere] for dataset, found in labels.items()}
    if len(others) == 1 or len(set(map(len, others.values()))) > 1:
        return run.label
    mine = others[run.run.dataset]
    number = f", {mine.index(run.label) + 1}" if len(mine) > 1 else ""
    return f"{run.title} (parameters by dataset{number})"
