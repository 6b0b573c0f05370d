"""What a smoke run says on the face of its tables and figures."""

SMOKE = "Smoke run: it proves that everything works; the numbers say nothing about any loss."
