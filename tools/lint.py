"""Ruff over modules and notebooks, less what `tools/lint_exceptions.txt` names: `python tools/lint.py [--update]`.

The list has a file and the rules that it may still break on each line; `--update` writes it from the code as it is,
and takes it away when nothing is left. A file that keeps all its rules again must leave the list.
"""
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXCEPTIONS = ROOT / "tools" / "lint_exceptions.txt"
PATHS = ["mmstt", "nbs", "tools", "docs", "setup.py"]


def ruff(*arguments):
    command = [sys.executable, "-m", "ruff", "check", *arguments, *(p for p in PATHS if (ROOT / p).exists())]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def broken_rules():
    "The rules that each file breaks: dict of file name to set of rules."
    found = defaultdict(set)
    for fault in json.loads(ruff("--output-format", "json").stdout):
        found[Path(fault["filename"]).relative_to(ROOT).as_posix()].add(fault["code"] or "syntax")
    return dict(found)


def read_exceptions(text):
    "The listed rules of each file; a line is a file name and its rules, `#` begins a comment."
    lines = [line.split("#")[0].split() for line in text.splitlines()]
    return {name: set(rules) for name, *rules in filter(None, lines)}


def write_exceptions(found):
    "The text of the list, empty when nothing is broken."
    return "".join(f"{name} {' '.join(sorted(rules))}\n" for name, rules in sorted(found.items()))


def kept_again(listed, found):
    "What the list names and the code no longer breaks, a str a file."
    stale = {name: rules - found.get(name, set()) for name, rules in listed.items()}
    return [f"{name}: {', '.join(sorted(rules))}" for name, rules in sorted(stale.items()) if rules]


def main():
    found = broken_rules()
    if "--update" in sys.argv:
        EXCEPTIONS.write_text(write_exceptions(found), encoding="utf-8")
        if not found: EXCEPTIONS.unlink()
    listed = read_exceptions(EXCEPTIONS.read_text(encoding="utf-8")) if EXCEPTIONS.exists() else {}
    allowed = [f"{name}:{rule}" for name, rules in listed.items() for rule in rules]
    except_these = ["--extend-per-file-ignores", ",".join(allowed)] if allowed else []
    checked = ruff("--output-format", "concise", "--quiet", *except_these)
    print(checked.stdout + checked.stderr, end="")
    for line in kept_again(listed, found): print(f"kept again, take it out of {EXCEPTIONS.name}: {line}")
    print(f"lint: {'clean' if checked.returncode == 0 else 'not clean'}, {len(listed)} files excepted from some rules")
    return checked.returncode


if __name__ == "__main__": sys.exit(main())
