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
    for name, path in draw_losses(folder).items():
        files.append(File.generated(config, f"reference/losses/{name}.png", abs_src_path=str(path)))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Redirect links that leave docs/ to their targets in the site."""
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
    pages["reference/data_prep.md"] = _index(
        "Datasets", ("title", "name", "size", "licence"), [_dataset_row(data_prep.entry(n)) for n in data_prep.names()]
    ) + _functions("data_prep", ("prepare", "names", "entry", "check", "Prepared"))
    return pages


def draw_losses(folder: Path) -> dict[str, Path]:
    """Draw what each loss penalises on one synthetic example; return the pictures by the loss's name."""
    import losses
    from pictures.style import save
    from training import critical_pixels
    from workflow.forms import Pixels

    flawed = Pixels(dataset="synthetic2d", data=str(folder / "data")).flawed_prediction()
    drawn = {}
    for name in losses.names():
        if losses.entry(name).available()[0] and 2 in losses.entry(name).dims:
            drawn[name] = Path(save(critical_pixels.of_loss(flawed, name), folder / f"{name}.png"))
    return drawn


def _loss_page(entry: Any) -> str:
    picture = f"\n![What {entry.title} penalises]({entry.slug}.png)\n" if 2 in entry.dims else ""
    docstring = f"::: {entry.cls.__module__}.{entry.cls.__name__}"
    return f"# {entry.title}\n\n`losses.build({entry.slug!r})`\n{picture}\n{docstring}\n"


def _loss_row(entry: Any) -> tuple[str, ...]:
    dims = ", ".join(f"{dim}D" for dim in entry.dims)
    return f"[{entry.title}](losses/{entry.slug}.md)", f"`{entry.slug}`", dims, entry.reference


def _metric_row(entry: Any) -> tuple[str, ...]:
    better = {True: "higher", False: "lower", None: "inside its range"}[entry.higher_is_better]
    return entry.title, f"`{entry.slug}`", better, entry.unit, str(entry.version)


def _dataset_row(entry: Any) -> tuple[str, ...]:
    return entry.title, f"`{entry.slug}`", entry.size, entry.licence


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
