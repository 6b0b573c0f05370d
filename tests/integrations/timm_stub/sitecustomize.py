"""Stands in for timm where it is missing.

nnU-Net's search for a trainer imports networks that want timm, which wants a torchvision that fits torch exactly. No
test builds these networks: whatever is taken from timm here is an empty class.
"""

import importlib.util
import sys
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Timm(ModuleType):
    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return type(name, (), {})


class _Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        return ModuleSpec(name, _Finder, is_package=True) if name.split(".")[0] == "timm" else None

    @staticmethod
    def create_module(spec):
        return _Timm(spec.name)

    @staticmethod
    def exec_module(module):
        pass


if importlib.util.find_spec("timm") is None:
    sys.meta_path.append(_Finder)
