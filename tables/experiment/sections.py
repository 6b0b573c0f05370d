"""A page of several tables with what is to be said of each, as Markdown, LaTeX (booktabs) and HTML."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runs.files import write_atomic
from tables import markup


@dataclass(frozen=True)
class Section:
    """A table.

    Attributes:
        title: above it.
        lines: heading and rows as text.
        caption: what its LaTeX caption says beyond the titles.
        notes: a list below it.
        told: a sentence before the notes.
    """

    title: str
    lines: list[list[str]]
    caption: str
    notes: Sequence[str] = ()
    told: str = ""


@dataclass(frozen=True)
class Page:
    """Tables of one kind.

    Attributes:
        title: of the page.
        sections: the tables.
        legend: how to read them.
        banner: what the reader must know before the first number.
    """

    title: str
    sections: list[Section]
    legend: str
    banner: str = ""

    def markdown(self) -> str:
        """Return the page as Markdown."""
        parts = [f"# {self.title}"] + ([f"**{self.banner}**"] if self.banner else [])
        for section in self.sections:
            parts += [f"## {section.title}", markup.markdown_of(section.lines)]
            parts += [markup.markdown(section.told)] if section.told else []
            parts += ["\n".join(f"- {markup.markdown(note)}" for note in section.notes)] if section.notes else []
        return "\n\n".join([*parts, self.legend]) + "\n"

    def html(self) -> str:
        """Return the page as a piece of HTML, as notebooks show it."""
        parts = [f"<h2>{markup.html(self.title)}</h2>"]
        parts += [f"<p><strong>{markup.html(self.banner)}</strong></p>"] if self.banner else []
        for section in self.sections:
            parts += [f"<h3>{markup.html(section.title)}</h3>", markup.html_of(section.lines)]
            parts += [f"<p>{markup.html(line)}</p>" for line in (section.told, *section.notes) if line]
        return "\n".join([*parts, f"<p><small>{markup.html(self.legend)}</small></p>"]) + "\n"

    def latex(self) -> str:
        """Return the page as LaTeX, one `table` for each section."""
        parts = [f"% {line}" for line in (self.title, self.legend)]
        for section in self.sections:
            told = (f"{self.title}. {section.title}.", section.caption, self.banner)
            parts += ["", markup.latex_of(section.lines, " ".join(part for part in told if part))]
        return "\n".join(parts) + "\n"

    def write(self, folder: Path, name: str, csv: str) -> list[Path]:
        """Write the page in all formats, with its numbers as CSV, and return the paths."""
        page = markup.html_page(self.title, self.html())
        contents = {"csv": csv, "md": self.markdown(), "tex": self.latex(), "html": page}
        return [write_atomic(folder / f"{name}.{end}", text) for end, text in contents.items()]
