"""Generated pages of the site: the reference from the registries, and the texts outside docs/.

MkDocs calls the functions `on_...` while it builds the site; see mkdocs.yml.
"""

import importlib
import importlib.metadata
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
# texts outside docs/, and the pages that they become
OUTSIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
PUBLISHED = "results_published"


def on_config(config: MkDocsConfig) -> None:
    """Print the version of the package at the foot of every page."""
    config.copyright = f"Version {importlib.metadata.version('topology-loss-benchmark')}, Apache-2.0"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages, the losses' pictures and the published results."""
    for name, page in OUTSIDE.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text(encoding="utf-8")))
    for path in sorted((ROOT / PUBLISHED).rglob("*")):
        if path.is_file():
            files.append(File.generated(config, path.relative_to(ROOT).as_posix(), abs_src_path=str(path)))
    for page, content in reference_pages().items():
        files.append(File.generated(config, page, content=content))
    folder = Path(tempfile.mkdtemp())
    for name, path in (draw_losses(folder) | draw_datasets(folder)).items():
        files.append(File.generated(config, f"reference/{name}.png", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Redirect links that leave docs/, or come from outside, to their targets in the site."""
    if page.file.src_uri in OUTSIDE.values():
        markdown = markdown.replace("](docs/", "](")
    for name, made in OUTSIDE.items():
        markdown = markdown.replace(f"](../{name}", f"]({made}")
    return markdown.replace(f"](../{PUBLISHED}/", f"]({PUBLISHED}/")


def reference_pages() -> dict[str, str]:
    """Return the pages made from the registries: path in the site to Markdown."""
    import data_prep
    import losses
    import metrics

    pages = {f"reference/losses/{name}.md": _loss_page(losses.entry(name)) for name in losses.names()}
    pages["reference/losses.md"] = _index(
        "Losses", ("title", "name", "dimensions", "reference"), [_loss_row(losses.entry(n)) for n in losses.names()]
    ) + _functions("losses", ("build", "names", "parameters", "critical_pixels", "scnp_logits"))
    pages["reference/metrics.md"] = (
        _index(
            "Metrics",
            ("title", "name", "better", "unit", "version"),
            [_metric_row(metrics.entry(n)) for n in metrics.names()],
        )
        + _functions("metrics", ("evaluate", "explain", "names"))
        + _metric_functions()
    )
    pages["reference/topology.md"] = "# Topology\n" + _functions("topology", _public("topology"))
    pages |= {f"reference/datasets/{name}.md": dataset_page(data_prep.entry(name)) for name in data_prep.names()}
    pages["reference/data_prep.md"] = _index(
        "Datasets",
        ("title", "name", "dimensions", "size", "licence"),
        [_dataset_row(data_prep.entry(n)) for n in data_prep.names()],
    ) + _functions("data_prep", ("prepare", "names", "entry", "check", "Prepared"))
    return pages


def draw_losses(folder: Path) -> dict[str, Path]:
    """Draw what each loss penalises on one synthetic example; return the pictures by their place."""
    import losses
    from pictures.style import save
    from training import critical_pixels
    from workflow.forms import Pixels

    flawed = Pixels(dataset="synthetic2d", data=str(folder / "data")).flawed_prediction()
    drawn = {}
    for name in losses.names():
        if losses.entry(name).available()[0] and 2 in losses.entry(name).dims:
            drawn[f"losses/{name}"] = Path(save(critical_pixels.of_loss(flawed, name), folder / f"{name}.png"))
    return drawn


def draw_datasets(folder: Path) -> dict[str, Path]:
    """Draw contact sheets of the embedded datasets, whose images may be shown; return the pictures by their place."""
    import data_prep

    drawn = {}
    for name in data_prep.names():
        if data_prep.entry(name).embedded:
            prepared = data_prep.prepare(name, None, folder / "data", workers=1)
            sheet = data_prep.contact_sheet(data_prep.Prepared(prepared), folder / f"{name}-contact-sheet.png")
            drawn[f"datasets/{name}"] = sheet
    return drawn


def _loss_page(entry: Any) -> str:
    picture = f"\n![What {entry.title} penalises]({entry.slug}.png)\n" if 2 in entry.dims else ""
    docstring = f"::: {entry.cls.__module__}.{entry.cls.__name__}"
    return f"# {entry.title}\n\n`losses.build({entry.slug!r})`\n{picture}\n{docstring}\n"


def _loss_row(entry: Any) -> tuple[str, ...]:
    dims = ", ".join(f"{dim}D" for dim in entry.dims)
    return f"[{entry.title}](losses/{entry.slug}.md)", f"`{entry.slug}`", dims, entry.reference


def dataset_page(entry: Any) -> str:
    """Return the page of a dataset: what it is, where it comes from, and how to see whether it was read rightly."""
    facts = {
        "dimensions": f"{entry.dims}D",
        "structure": entry.structure,
        "size": entry.size,
        "classes": ", ".join(f"{index} {name}" for index, name in enumerate(entry.classes)),
        "licence": entry.licence,
        "source and layout": f"`{entry.where}`" if "{" in entry.where else entry.where,
        "reference": entry.reference or "this suite",
        "tables of the papers": entry.tables,
        "options": ", ".join(f"`{name}={value!r}`" for name, value in entry.parameters.items()) or "none",
    }
    rows = "\n".join(f"| {name} | {text.replace('|', '/')} |" for name, text in facts.items())
    unchecked = "".join(f"- {line}\n" for line in entry.unchecked)
    doubts = f"## Not checked on real files\n\n{unchecked}\n" if unchecked else ""
    command = "python -m data_prep prepare " + entry.slug + ("" if entry.embedded else " --source DIR")
    prepare = f"    {command} --destination results/data\n    python -m data_prep check results/data/{entry.slug}\n"
    sheet = (
        f"![Six cases with the outlines of their classes]({entry.slug}.png)\n"
        if entry.embedded
        else "Images of others may not be shown here. `check` draws this sheet of your copy: a few cases with the "
        "outlines of their classes, the share of the foreground, components and loops. See "
        "[synthetic2d](synthetic2d.md) for how one looks.\n"
    )
    docstring = f"::: {entry.plan.__module__}.{entry.plan.__qualname__}"
    head = f"# {entry.title}\n\n| name | `{entry.slug}` |\n|---|---|\n{rows}\n\n{prepare}\n"
    return f"{head}## Contact sheet\n\n{sheet}\n{doubts}{docstring}\n"


def _metric_row(entry: Any) -> tuple[str, ...]:
    better = {True: "higher", False: "lower", None: "inside its range"}[entry.higher_is_better]
    return entry.title, f"`{entry.slug}`", better, entry.unit, str(entry.version)


def _dataset_row(entry: Any) -> tuple[str, ...]:
    link = f"[{entry.title}](datasets/{entry.slug}.md)"
    return link, f"`{entry.slug}`", f"{entry.dims}D", entry.size, entry.licence


def _metric_functions() -> str:
    import metrics

    functions = [metrics.entry(name).compute for name in metrics.names()]
    places = dict.fromkeys(f"{function.__module__}.{function.__qualname__}" for function in functions)
    return "".join(f"\n::: {place}\n" for place in places if "<" not in place)


def _functions(module: str, names: tuple[str, ...]) -> str:
    return "".join(f"\n::: {module}.{name}\n" for name in names)


def _public(module: str) -> tuple[str, ...]:
    return tuple(importlib.import_module(module).__all__)


def _index(title: str, heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    table = "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
    return f"# {title}\n\n{table}\n"
