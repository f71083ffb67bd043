"""The site: `make docs`. Its source is the repository itself, so a link works on the site and where the code lies."""
import configparser
import json
import re
import shutil
from pathlib import Path

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

ROOT = Path(__file__).parent.parent
settings = configparser.ConfigParser(delimiters=["="])
settings.read(ROOT / "settings.ini", encoding="utf-8")
about = settings["DEFAULT"]

project, author, release = about["lib_name"], about["author"], about["version"]
copyright = about["copyright"]
root_doc = "README"
include_patterns = ["*.md", "data/README.md", "docs/*.md", "docs/_api/*.md"]
include_patterns += ["nbs/**.ipynb", "figures/**.ipynb", "figures/**.md"]
exclude_patterns = ["docs/_site", "docs/contents.md", "**/.ipynb_checkpoints", "**.failed.ipynb"]
exclude_patterns += [".*", "data/[!R]*", "build", "dist", "runs", "logs", "shared"]  # not even looked into
# a table in Markdown beside the notebook that made it is no page of its own
tables = [p for p in ROOT.glob("figures/*/*.md") if p.with_suffix(".ipynb").exists()]
exclude_patterns += [p.relative_to(ROOT).as_posix() for p in tables]
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
suppress_warnings = ["toc.not_included", "myst.header", "ref.python"]

nb_execution_mode = "off"  # notebooks are committed with their outputs
nb_render_image_options = {"alt": "Picture drawn by the code above"}
nb_mime_priority_overrides = [("html", "text/html", 0)]
myst_enable_extensions = ["dollarmath", "amsmath"]
myst_heading_anchors = 3
napoleon_google_docstring = False
autodoc_typehints = "none"
autodoc_inherit_docstrings = False

html_theme = "furo"
html_title = f"{project} {release}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_show_sourcelink = html_show_sphinx = False
html_show_search_summary = False  # it would fetch pages, which a site opened as files may not
html_math_renderer = "mathml"


def write_api_pages(app):
    "One page a module; the notebook that it is exported from is named in its second line."
    folder = ROOT / "docs" / "_api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for path in sorted(ROOT.glob("mmstt/**/*.py")):
        if path.name.startswith("_"): continue
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        notebook = re.search(r"File to edit: (?:\.\./)+(\S+)\.$", path.read_text(encoding="utf-8"), re.M)[1]
        text = f"# {name}\n\nExported from [{notebook}](../../{notebook}).\n\n"
        text += f"```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n"
        (folder / f"{name}.md").write_text(text, encoding="utf-8")


def provenance_of(path):
    "What a table, figure or executed notebook was made with: a list, a dict for each tile."
    names = [path.with_suffix(".json"), path.parent / f"{maker_of(path).stem}.json", path.parent / "provenance.json"]
    found = next((name for name in names if name.exists()), None)
    if found is None: return []
    made = json.loads(found.read_text(encoding="utf-8"))
    return made if isinstance(made, list) else [made]


def maker_of(path):
    "The executed notebook beside a table or figure that made it: of those whose name its own begins with, the longest."
    notebooks = [n for n in path.parent.glob("*.ipynb") if path.stem.startswith(n.stem)]
    return max(notebooks, key=lambda n: len(n.stem), default=path.with_suffix(".ipynb"))


def made_with(path, page):
    "A line of Markdown that links a figure to its notebook, its configuration and its data, as seen from `page`."
    up = "../" * (len(page.relative_to(ROOT).parts) - 1)

    def link(target):
        name = target.relative_to(ROOT).as_posix()
        return f"[{name}]({up}{name})"

    run = maker_of(path)
    notebooks = [ROOT / "nbs" / folder / run.name for folder in ("paper", "bench")]
    words = [f"notebook {link(p)}" for p in notebooks if p.exists()]
    if run.exists() and run != page: words.append(f"its run {link(run)}")
    made = provenance_of(path)
    for name in sorted({m["config"]["name"] for m in made if m.get("config")}):
        config = ROOT / "config" / f"{name}.yaml"
        words.append(f"configuration {link(config) if config.exists() else name}")
    for m in made:
        if m.get("sha256"): words.append(f"data {m['source']} ({m['data']}), sha256 `{m['sha256'][:16]}`")
    return "Made by: " + "; ".join(words)


def figure_pages(page):
    "All figures, a section a folder."
    text = []
    for folder in sorted(p for p in (ROOT / "figures").iterdir() if p.is_dir()):
        pictures = sorted(folder.glob("*.png"))
        if pictures: text.append(f"## {folder.name}")
        for p in pictures:
            name = f"{folder.name}: {p.stem.replace('_', ' ')}"
            text += [f"### {name}", f"![{name}](../{p.relative_to(ROOT).as_posix()})", made_with(p, page)]
    return "\n\n" + "\n\n".join(text)


def for_readers(cell):
    "A cell without nbdev's directives, and without the coloured tables of xarray, which a dark page makes unreadable."
    source = re.sub(r"^#\|.*\n?", "", "".join(cell["source"]), flags=re.M)
    outputs = cell.get("outputs", [])
    for output in outputs:
        if "xr-wrap" in "".join(output.get("data", {}).get("text/html", "")): del output["data"]["text/html"]
    return cell | {"source": source} | ({"outputs": outputs} if cell["cell_type"] == "code" else {})


def notebook_page(notebook, page):
    "A notebook without its hidden cells; a run says at its end what it was made with."
    hidden = re.compile(r"^#\| *(hide|default_exp)", re.M)
    cells = [for_readers(c) for c in notebook["cells"] if not hidden.search("".join(c["source"]))]
    if page.is_relative_to(ROOT / "figures"):
        # a run is a copy of a notebook of nbs/paper or nbs/bench, and so are its links
        for c in cells: c["source"] = re.sub(r"\]\(\.\./(?=\d)", "](../../nbs/", c["source"])
        cells.append({"cell_type": "markdown", "metadata": {}, "source": made_with(page, page), "id": "made-with"})
    return notebook | {"cells": cells}


def read(app, docname, source):
    "What the site adds to a page as it is read."
    page = Path(app.env.doc2path(docname))
    text = source[0]
    if docname == root_doc: text += (ROOT / "docs" / "contents.md").read_text(encoding="utf-8")
    elif docname == "docs/figures": text += figure_pages(page)
    elif page.suffix == ".ipynb": text = json.dumps(notebook_page(json.loads(text), page))
    elif docname.startswith("figures/"):
        text = f"# {page.parent.name}: {page.stem}\n\n{text}\n\n{made_with(page, page)}\n"
    source[0] = text


def plain_docstring(app, what, name, obj, options, lines):
    "In a docstring single backticks mean code, and bars absolute values."
    for i, line in enumerate(lines):
        parts = re.split(r"`+", line)  # every other part is code
        if len(parts) % 2 == 0: continue  # code over several lines
        lines[i] = "``".join(p.strip() if k % 2 else p.replace("|", r"\|") for k, p in enumerate(parts))


def front_page(app, exception):
    "The README is the first page; copies of the notebooks that were made on the way go."
    out = Path(app.outdir)
    shutil.rmtree(out.parent / "jupyter_execute", ignore_errors=True)
    if exception is None: shutil.copyfile(out / "README.html", out / "index.html")


def inline_math(self, node):
    "Math as MathML, which browsers draw by themselves."
    self.body.append(convert(node.astext()))
    raise SkipNode


def block_math(self, node):
    self.body.append(f'<div class="math">{convert(node.astext(), display="block")}</div>')
    raise SkipNode


def setup(app):
    app.add_html_math_renderer("mathml", (inline_math, None), (block_math, None))
    app.connect("builder-inited", write_api_pages)
    app.connect("source-read", read)
    app.connect("autodoc-process-docstring", plain_docstring, priority=400)  # before napoleon
    app.connect("build-finished", front_page)
