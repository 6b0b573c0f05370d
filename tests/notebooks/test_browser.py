"""A notebook that was run opens in a browser with its figures, without running anything."""

import io
import shutil
import subprocess
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


@pytest.mark.skipif(BROWSER is None, reason="no browser on this machine (chromium or google-chrome)")
def test_figures_of_an_executed_notebook_are_seen(tmp_path):
    papermill = pytest.importorskip("papermill")
    executed = tmp_path / "audit.ipynb"
    parameters = {"folder": str(tmp_path / "audit")}
    papermill.execute_notebook(str(NOTEBOOKS / "audit.ipynb"), str(executed), parameters, progress_bar=False)
    pictures = _figures(executed)
    assert len(pictures) == 1
    page, screenshot = _page(executed), tmp_path / "page.png"
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1300,6000",
         f"--user-data-dir={tmp_path / 'profile'}", f"--screenshot={screenshot}", (tmp_path / "page.html").as_uri()],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    seen = np.asarray(Image.open(screenshot).convert("RGB")).astype(int)
    # the blue and the orange of the figure's lines, and both in large pictures of black and white
    for colour in ((0x00, 0x72, 0xB2), (0xE6, 0x9F, 0x00)):
        assert (np.abs(seen - colour).max(axis=-1) < 12).sum() > 200, colour
    assert (seen.max(axis=-1) < 20).mean() > 0.01


def _figures(path):
    """Give the pictures that a notebook holds, and see that none is blank."""
    outputs = [o for cell in nbformat.read(path, 4).cells if cell.cell_type == "code" for o in cell.outputs]
    encoded = [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]
    pictures = [np.asarray(Image.open(io.BytesIO(_decode(text))).convert("L")) for text in encoded]
    assert all(picture.std() > 5 for picture in pictures)
    return pictures


def _decode(text):
    import base64

    return base64.b64decode(text)


def _page(path):
    from nbconvert import HTMLExporter

    body, _ = HTMLExporter().from_filename(str(path))
    return body
