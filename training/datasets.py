"""Opening the dataset of a run: embedded ones are drawn when needed, the others must have been prepared."""

from typing import TYPE_CHECKING

from runs.record import DataUsed
from training.config import Config

if TYPE_CHECKING:
    from data_prep import Prepared

DEFAULT_PATCH = {2: [128, 128], 3: [32, 32, 32]}


def open_data(config: Config) -> "Prepared":
    """Open the dataset of a run and check that the run fits it.

    Args:
        config: the run's parameters.

    Returns:
        The dataset, its checksums verified.

    Raises:
        FileNotFoundError: it has not been prepared; the message has the command that does so.
        ValueError: files do not match their checksums, or fold, patch, loss or test group do not fit the data; in a
            user's own folder, which has no checksums, a case cannot be read or label and image differ in size.
    """
    from data_prep import Prepared

    _prepare_embedded(config)
    data = Prepared(config.data_folder)
    problems = [
        problem
        for problem in (_fold_problem(config, data), _dims_problem(config, data), _group_problem(config, data))
        if problem
    ]
    problems = problems or _unreadable(config, data)
    if problems:
        raise ValueError("\n".join(problems))
    return data


def checksum_now(config: Config) -> str:
    """Return the current checksum of a run's dataset, after comparing its files with it."""
    from data_prep.prepared.read import Prepared

    return Prepared(config.data_folder).checksum


def cases_to_train(config: Config, data: "Prepared") -> list[str]:
    """Return the cases that a run trains on.

    Args:
        config: its fold, and `max_training_cases`, which keeps the first ones in sorted order.
        data: the dataset.

    Returns:
        The fold's training cases.
    """
    cases = data.cases("train", config.fold)
    return sorted(cases)[: config.max_training_cases] if config.max_training_cases else cases


def split_to_predict(data: "Prepared") -> str:
    """Return which cases are to be tested: "test", or "val" if the dataset has no test cases (a user's own data)."""
    return "test" if data.cases("test") else "val"


def cases_to_predict(config: Config, data: "Prepared") -> list[str]:
    """Return the cases that a run predicts, sorted.

    Args:
        config: `predicted` says which, `validation_cases` or `test_group` and `max_test_cases` choose among them.
        data: the dataset.

    Returns:
        The cases to test, or those of a trial: the fold's validation cases.
    """
    if config.predicted == "validation":
        return sorted(data.cases("val", config.fold))[: config.validation_cases or None]
    return cases_to_test(config, data)


def cases_to_test(config: Config, data: "Prepared") -> list[str]:
    """Return the cases by which a run is measured in the end, sorted.

    Args:
        config: `test_group` and `max_test_cases` choose among them.
        data: the dataset.

    Returns:
        Test cases, or the fold's validation cases if there are none.
    """
    if split_to_predict(data) == "val":
        cases = data.cases("val", config.fold)
    else:
        cases = data.cases("test", group=config.test_group or None)
    return sorted(cases)[: config.max_test_cases or None]


def patch_size(config: Config, dims: int) -> list[int]:
    """Return the run's patch size, with the default if the parameter is empty."""
    return list(config.patch_size) or DEFAULT_PATCH[dims]


def describe(config: Config, data: "Prepared") -> DataUsed:
    """Return the entry of run.json on the data."""
    return DataUsed(
        name=config.dataset,
        folder=str(config.data_folder.absolute()),
        checksum=data.checksum,
        dims=data.dims,
        channels=data.channels,
        classes=list(data.classes),
        training_cases=len(cases_to_train(config, data)),
        predicted="val" if config.predicted == "validation" else split_to_predict(data),
    )


def _prepare_embedded(config: Config) -> None:
    import data_prep

    if config.data_folder.is_dir():
        return
    known = config.dataset in data_prep.names()
    if known and getattr(data_prep.entry(config.dataset), "embedded", False):
        data_prep.prepare(config.dataset, None, config.data)
        return
    command = f"python -m data_prep prepare {config.dataset} --source DIR --destination {config.data}"
    remedy = f"prepare it: {command}" if known else f"known are {', '.join(data_prep.names())}; or put your own there"
    raise FileNotFoundError(f"dataset {config.dataset!r} is not at {config.data_folder}; {remedy}")


def _fold_problem(config: Config, data: "Prepared") -> str:
    count = len(data.folds)
    if config.fold < count:
        return ""
    return f"`fold` {config.fold} does not exist: dataset {config.dataset!r} has {count} folds, 0 to {count - 1}"


def _dims_problem(config: Config, data: "Prepared") -> str:
    import losses
    from training import networks

    if data.dims not in losses.entry(config.loss).dims:
        return f"loss {config.loss!r} is not defined in {data.dims}D, dataset {config.dataset!r} is"
    size = patch_size(config, data.dims)
    if len(size) != data.dims:
        return f"`patch_size` must have {data.dims} sides for dataset {config.dataset!r}, got {size}"
    try:
        networks.check_patch(config.network, config.network_parameters, size)
    except ValueError as error:
        return str(error)
    return ""


def _group_problem(config: Config, data: "Prepared") -> str:
    groups = data.card.groups
    if not config.test_group or config.test_group in groups:
        return ""
    return (
        f"`test_group` {config.test_group!r} does not exist, dataset {config.dataset!r} has {sorted(groups) or 'none'}"
    )


def _unreadable(config: Config, data: "Prepared") -> list[str]:
    """Read every case of an unchecked dataset, so that a broken one stops the run now and not in hours."""
    if (config.data_folder / "checksums.json").exists():
        return []
    problems = []
    for case in sorted({*cases_to_train(config, data), *cases_to_predict(config, data)}):
        try:
            image = data.image(case)
            label = data.label(case) if data.has_label(case) else None
        except ValueError as error:
            problems.append(str(error))
            continue
        if label is not None and label.shape != image.shape[1:]:
            path = f"{config.data_folder}: case {case!r}"
            problems.append(f"{path} has an image of size {image.shape[1:]} and a label of size {label.shape}")
    return problems
