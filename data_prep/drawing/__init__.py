"""Images and volumes drawn from random numbers, with Betti numbers known by construction."""

from data_prep.drawing.draws import Draws
from data_prep.drawing.roads import make_roads
from data_prep.drawing.vessels import make_vessels

__all__ = ["Draws", "make_roads", "make_vessels"]
