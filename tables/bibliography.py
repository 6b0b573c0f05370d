"""BibTeX entries of the methods, read from the losses' own docstrings, so that a new loss brings its own reference.

The files are read, not imported: tables know nothing of torch.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

LOSSES = Path(__file__).parents[1] / "losses"
_SPECIAL = str.maketrans({"&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#"})


@dataclass(frozen=True)
class Method:
    """A loss in the bibliography: slug, printed name, and its reference in words."""

    slug: str
    title: str
    reference: str


def methods() -> list[Method]:
    """Return every loss of the suite with its reference: that of its class's docstring, or else of its registration."""
    return [method for path in sorted(LOSSES.glob("*.py")) for method in _of_file(path)]


def bibtex(wanted: list[str] | None = None) -> str:
    """Return a .bib file.

    Args:
        wanted: slugs; None: all.

    Returns:
        One entry for each loss, its slug as the key.
    """
    return "\n".join(_entry(method) for method in methods() if wanted is None or method.slug in wanted)


def _of_file(path: Path) -> Iterator[Method]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and (given := _registration(node, constants)):
            slug, title, short = given
            yield Method(slug, title, _reference(ast.get_docstring(node) or "") or short)


def _registration(node: ast.ClassDef, constants: Mapping[str, object]) -> tuple[str, str, str] | None:
    """Return slug, title and reference of a class under `@register`; None for another one."""
    for call in node.decorator_list:
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "register":
            values = {keyword.arg: _value(keyword.value, constants) for keyword in call.keywords}
            return _value(call.args[0], constants), values.get("title", ""), values.get("reference", "")
    return None


def _value(node: ast.expr, constants: Mapping[str, object]) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return str(constants.get(node.id, "")) if isinstance(node, ast.Name) else ""


def _reference(docstring: str) -> str:
    """Return the section "Reference" of a docstring, on one line."""
    _, _, after = docstring.partition("Reference:\n")
    lines = after.split("\n\n")[0].splitlines()
    return " ".join(line.strip() for line in lines).strip()


def _entry(method: Method) -> str:
    url = re.search(r"https?://\S+[\w/]", method.reference)
    text = method.reference.replace(url[0], "") if url else method.reference
    parts = [part.strip(" .") for part in text.split(", ") if part.strip(" .")]
    authors = []
    while parts[:-1] and (parts[0].endswith("et al") or re.match(r"[A-Z]\.", parts[0])):
        authors.append(parts.pop(0).replace(" et al", " and others"))
    year = re.search(r"\b(?:19|20)\d\d\b", text)
    fields = {"author": " and ".join(authors), "title": f"{{{parts[0]}}}" if authors else f"{{{method.title}}}"}
    fields |= {"howpublished": ", ".join(parts[1:] if authors else parts), "year": year[0] if year else ""}
    lines = [f"  {name} = {{{value.translate(_SPECIAL)}}}," for name, value in fields.items() if value]
    lines += [f"  url = {{{url[0]}}},"] if url else []
    return "\n".join([f"@misc{{{method.slug},", *lines, "}"]) + "\n"
