"""The banner of a smoke run's tables and figures."""

SMOKE = "Smoke run: it proves that everything works; the numbers say nothing about any loss."
