"""How dense the code is, and how soon it is shown: `python tools/measure.py [--strict]`, part of `make check`.

A token is what Python's tokenizer calls one, without comments, line ends and indents; a docstring is one token.
An exported cell is shown when the next code cell of its notebook is not an exported one: a demonstration or a test.
Cells that only import, or only name things for export, have nothing to show and are not counted.
"""
import ast
import io
import json
import re
import sys
import tokenize
from collections import Counter
from pathlib import Path
from statistics import median

MOST_POSITIONAL = 3
TOKENS_A_LINE, LONG_LINE, SHARE_OF_LONG_LINES = 9, 30, .03
CELL_LINES, LONGEST_CELL, SHARE_SHOWN, LONGEST_RUN = 10, 50, .60, 5

# What modules are for, and the tokens that version 0.1 (commit d53d8b9) had for it, counted as here. What is new since
# then stands apart.
PURPOSES = {
    "reading files": (7281, "egms files header area rows cleaning tiles overview"),
    "simulated tiles": (8747, "simulate okada fields geography oracle"),
    "raster, windows, metrics": (11412, "raster features protocol metrics"),
    "networks": (8025, "core mmstt cnn_lstm convlstm stgcn staeformer checks"),
    "baselines, processes": (11064, "baselines temporal_gp multiscale_gp residual"),
    "training, scores": (10350, "train runs evaluate card export"),
    "tables, figures": (11247, "tables plots style published report"),
    "forecast files, page": (7091, "forecast writers intervals hindcast map_page"),
    "command line, study": (5119, "cli study download browser"),
    "new: league": (0, "league peers"),
    "new: many tiles": (0, "many hyperparameters product cluster"),
    "new: fuzzer, test helpers": (0, "changes testing reproduced"),
}

LAYOUT = {"NL", "NEWLINE", "INDENT", "DEDENT", "COMMENT", "ENCODING", "ENDMARKER"}


def tokens_by_line(code):
    "Number of tokens of each line that has any."
    counted, inside = Counter(), 0
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        kind = tokenize.tok_name[token.type]
        if kind == "FSTRING_END": inside -= 1    # from Python 3.12 on an f-string comes in pieces; it stays one token
        elif not inside and kind not in LAYOUT: counted[token.start[0]] += 1
        if kind == "FSTRING_START": inside += 1
    return list(counted.values())


def is_exported(cell):
    return bool(re.search(r"^#\| *export", cell, re.M))


def has_something_to_show(cell):
    "Whether a cell does more than import and list names for export."
    def is_preamble(node):
        names = [t.id for t in getattr(node, "targets", []) if isinstance(t, ast.Name)]
        return isinstance(node, ast.Import | ast.ImportFrom) or names == ["__all__"]
    return not all(map(is_preamble, ast.parse(cell).body))


def exported_cells(cells):
    """Length of each exported cell in lines, and whether the next code cell shows or tests it.

    cells : the sources of a notebook's code cells, in order
    """
    found = []
    for cell, following in zip(cells, [*cells, None][1:], strict=True):
        if not is_exported(cell) or not has_something_to_show(cell): continue
        lines = [line for line in cell.strip().splitlines() if not line.startswith("#|")]
        found.append((len(lines), following is not None and not is_exported(following)))
    return found


def longest_run(shown):
    "Most exported cells in a row before one is shown."
    longest = run = 0
    for is_shown in shown:
        run += 1
        longest = max(longest, run)
        if is_shown: run = 0
    return longest


def not_drawn(notebook):
    "Number of code cells that show a figure and have none in their output: the notebook was run without a display."
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    shows = [c for c in cells if c["cell_type"] == "code" and re.search(r"^plt\.show\(\)", "".join(c["source"]), re.M)]
    return sum(not any("image/png" in out.get("data", {}) for out in c["outputs"]) for c in shows)


def code_cells(notebook):
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    return ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]


def judge_lines(name, lines):
    "A row of the table of modules, and what is over a limit."
    middle, share = median(lines), sum(n > LONG_LINE for n in lines) / len(lines)
    over = []
    if middle > TOKENS_A_LINE: over.append(f"{name}: median {middle:g} tokens a line, over {TOKENS_A_LINE}")
    if share > SHARE_OF_LONG_LINES: over.append(f"{name}: {share:.1%} of lines have over {LONG_LINE} tokens")
    return f"{name:<28}{middle:>8g}{share:>10.1%}{sum(lines):>9}", over


def judge_cells(name, cells):
    "A row of the table of notebooks, and what is over a limit."
    run = longest_run([shown for _, shown in cells])
    lengths = [length for length, _ in cells]
    over = [f"{name}: an exported cell of {n} lines, over {LONGEST_CELL}" for n in lengths if n > LONGEST_CELL]
    if run > LONGEST_RUN: over.append(f"{name}: {run} exported cells in a row before one is shown")
    share = sum(shown for _, shown in cells) / len(cells)
    return f"{name:<28}{median(lengths):>8g}{max(lengths):>9}{share:>8.0%}{run:>6}", over


def by_position(code):
    """Public functions of a module that take more than three arguments by position, a name each.

    Methods are left out: torch calls `forward` and `backward` by position, and models share one constructor.
    """
    return [node.name for node in ast.parse(code).body
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and not is_method(node)
            and len(node.args.posonlyargs + node.args.args) > MOST_POSITIONAL]


def not_annotated(code):
    "Public functions of a module of which an argument, or what is returned, has no type; a name each."
    found = []
    for node in ast.parse(code).body:
        if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or is_patched(node): continue
        arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
        if node.returns is None or any(a.annotation is None for a in arguments): found.append(node.name)
    return found


def is_patched(node):
    "Whether a function is patched into a class."
    arguments = node.args.posonlyargs + node.args.args
    return bool(arguments and arguments[0].arg in ("self", "cls"))


def is_method(node):
    "Whether a function is patched into a class, or is a command of the command line."
    decorators = [ast.unparse(d) for d in node.decorator_list]
    return is_patched(node) or any("app.command" in d for d in decorators)


def by_purpose(counted):
    "Rows of the table of purposes; counted: module -> tokens."
    purpose_of = {module: purpose for purpose, (_, modules) in PURPOSES.items() for module in modules.split()}
    now = Counter()
    for module, n in counted.items(): now[purpose_of.get(module, "other")] += n
    before = {purpose: n for purpose, (n, _) in PURPOSES.items()}
    rows = [(purpose, before.get(purpose, 0), now[purpose]) for purpose in [*PURPOSES, "other"] if now[purpose]]
    rows.append(("all", sum(n for _, n, _ in rows), sum(n for _, _, n in rows)))
    return [f"{purpose:<28}{n:>8}{m:>9}" for purpose, n, m in rows]


def report(root):
    "Print the tables of a checkout; return what is over a limit, a str each."
    root, over, all_lines, all_cells = Path(root), [], [], []
    counted = {}
    print(f"{'module':<28}{'median':>8}{'over 30':>10}{'tokens':>9}   tokens a line")
    for path in sorted(root.glob("mmstt/**/*.py")):
        if path.name.startswith("_"): continue
        code = path.read_text(encoding="utf-8")
        over += [f"{path.name}: {name}, over {MOST_POSITIONAL} arguments by position" for name in by_position(code)]
        over += [f"{path.name}: {name}, an argument or its result has no type" for name in not_annotated(code)]
        lines = tokens_by_line(code)
        counted[path.stem] = sum(lines)
        row, found = judge_lines(str(path.relative_to(root / "mmstt")), lines)
        print(row)
        over, all_lines = over + found, all_lines + lines
    print(judge_lines("all", all_lines)[0])
    print(f"\n{'purpose':<28}{'in 0.1':>8}{'now':>9}   tokens", *by_purpose(counted), sep="\n")
    print(f"\n{'notebook':<28}{'median':>8}{'longest':>9}{'shown':>8}{'run':>6}   exported cells, lines")
    for path in sorted(root.glob("nbs/*.ipynb")):
        if n := not_drawn(path): over.append(f"{path.name}: {n} figures are not there: run it in Jupyter")
        cells = exported_cells(code_cells(path))
        if not cells: continue
        row, found = judge_cells(path.name, cells)
        print(row)
        over, all_cells = over + found, all_cells + cells
    middle = median(n for n, _ in all_cells)
    share = sum(shown for _, shown in all_cells) / len(all_cells)
    if middle > CELL_LINES: over.append(f"exported cells: median {middle:g} lines, over {CELL_LINES}")
    if share < SHARE_SHOWN: over.append(f"exported cells: {share:.0%} are shown at once, under {SHARE_SHOWN:.0%}")
    print(f"{'all':<28}{middle:>8g}{max(n for n, _ in all_cells):>9}{share:>8.0%}\n")
    return over


if __name__ == "__main__":
    over = report(Path(__file__).parent.parent)
    print(*over, f"measure: {len(over)} over a limit", sep="\n")
    if over and "--strict" in sys.argv: sys.exit(1)
