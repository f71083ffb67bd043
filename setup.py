"""Install `mmstt`; every fact comes from `settings.ini`.

The study's own files (configurations, Snakefile, table and figure notebooks) travel inside the wheel as
`mmstt/_share`, so that the command line works outside a checkout; in a checkout they are read in place.
"""
import configparser
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
SHARED = ["config/*.yaml", "config/reference/*.csv", "Snakefile", "forecast.smk", "nbs/paper/*.ipynb",
          "nbs/bench/*.ipynb", "data/sample/*.zip"]

config = configparser.ConfigParser(delimiters=["="])
config.read(ROOT / "settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]


class build_py_with_study(build_py):
    def run(self):
        super().run()
        if getattr(self, "editable_mode", False): return
        for pattern in SHARED:
            for source in sorted(ROOT.glob(pattern)):
                target = Path(self.build_lib) / "mmstt" / "_share" / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=(ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    url=cfg["git_url"],
    license="Apache-2.0",
    keywords=cfg["keywords"].split(),
    python_requires=f">={cfg['min_python']}",
    packages=find_packages(include=["mmstt", "mmstt.*"]),
    package_data={"mmstt": ["py.typed", "page/*"]},
    install_requires=cfg["requirements"].split(),
    extras_require={k: cfg[f"{k}_requirements"].split() for k in ("dev", "slurm", "league")},
    entry_points={
        "console_scripts": cfg["console_scripts"].split(),
        "nbdev": [f"{cfg['lib_name']}={cfg['lib_name']}._modidx:d"],
    },
    cmdclass={"build_py": build_py_with_study},
    zip_safe=False,
)
