__version__ = "0.2.0"
# The one module that is written by hand: nbdev keeps its version line, and nothing else of it.
import sys
from importlib import import_module
from types import ModuleType

# The main way from a file to a score and a forecast, and the module of each. They are imported when first asked for,
# so that `import mmstt` takes no time and works without what they need.
_HOMES = {
    "read_tile": "tiles",
    "rasterize": "raster",
    "make_windows": "protocol",
    "train": "train",
    "score_run": "evaluate",
    "forecast": "forecast",
}
__all__ = ["__version__", *_HOMES]


def __getattr__(name):
    if name not in _HOMES: raise AttributeError(f"module 'mmstt' has no attribute {name!r}")
    return getattr(import_module(f"mmstt.{_HOMES[name]}"), name)


def __dir__():
    return sorted({*globals(), *__all__})


class _Package(ModuleType):
    "`mmstt.train` is the function, though a module has that name, too: `from mmstt.train import ...` finds the module."

    def __setattr__(self, name, value):
        if name in _HOMES and isinstance(value, ModuleType): return
        super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
