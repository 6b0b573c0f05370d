"""The worked example of CONTRIBUTING.md works as it stands: one new file, and the register and its tests have it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CHECK = """
import losses, torch
assert losses.__file__.startswith({folder!r}), losses.__file__
assert "log_dice" in losses.names()
assert losses.parameters("log_dice")["exponent"] == 1.0
logits = torch.randn(2, 3, 9, 11, requires_grad=True)
value = losses.build("log_dice", exponent=2.0)(logits, torch.randint(0, 3, (2, 1, 9, 11)))
value.backward()
assert torch.isfinite(logits.grad).all() and logits.grad.abs().sum() > 0
"""


def test_example_of_a_new_loss(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text()
    for room in ("losses", "tests"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (name,) = re.findall(r"`(losses/\w+\.py)`:\n", text)
    (code,) = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    (tmp_path / name).write_text(code)
    check = CHECK.format(folder=str(tmp_path))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT)))}
    files = [f"tests/contract/test_losses_{name}.py" for name in ("contract", "refusals", "register")]
    contract = ["-q", "-p", "no:cacheprovider", *files, "-k", "log_dice or register"]
    for command in (["-c", check], ["-m", "pytest", *contract]):
        done = subprocess.run([sys.executable, *command], env=environment, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
