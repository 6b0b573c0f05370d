"""Seconds to import each package in a fresh interpreter: a registry imports every file, so heavy imports show here."""


class TimeImport:
    """Import time."""

    version = "1"

    def timeraw_topology(self) -> str:
        return "import topology"

    def timeraw_losses(self) -> str:
        return "import losses"

    def timeraw_metrics(self) -> str:
        return "import metrics"

    def timeraw_data_prep(self) -> str:
        return "import data_prep"
