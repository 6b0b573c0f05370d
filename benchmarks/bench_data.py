"""Seconds to open a prepared dataset, and to read a case of it."""

import tempfile
from pathlib import Path

DATASETS = ["synthetic2d", "synthetic3d"]


class TimeLoading:
    """On the embedded datasets, which every machine can draw."""

    params = [DATASETS]
    param_names = ["dataset"]
    version = "1"
    timeout = 300

    def setup(self, name: str) -> None:
        import data_prep

        self.folder = tempfile.TemporaryDirectory()
        self.dataset = data_prep.prepare(name, None, Path(self.folder.name), progress=False)
        self.prepared = data_prep.Prepared(self.dataset)
        self.case = self.prepared.cases("train", 0)[0]

    def teardown(self, name: str) -> None:
        self.folder.cleanup()

    def time_open_with_checksums(self, name: str) -> None:
        import data_prep

        data_prep.Prepared(self.dataset)

    def time_open(self, name: str) -> None:
        import data_prep

        data_prep.Prepared(self.dataset, verify=False)

    def time_read_a_case(self, name: str) -> None:
        self.prepared.image(self.case)
        self.prepared.label(self.case)
