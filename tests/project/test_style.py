from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from pictures import style

LONG = "Partial data: a dataset lacks files. Quick variant: small network and few iterations, not to be compared. " * 2


def test_long_banner_stays_within_the_figure_and_above_its_axes():
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    style.heading(figure, "Title", LONG)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (banner,) = figure.artists
    box = banner.get_window_extent(canvas.get_renderer())
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.x1
    assert box.y0 >= axes.get_window_extent(canvas.get_renderer()).y1


def test_heading_without_banner_has_nothing_below_the_title():
    figure = Figure(figsize=(7, 4), layout="constrained")
    style.heading(figure, "Title")
    assert figure.get_suptitle() == "Title"
    assert not figure.artists
