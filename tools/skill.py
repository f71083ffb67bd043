"""Put the computed sentences of figures/real/skill.txt into the README; `--check` compares them.

They stand between the README's two SKILL marks.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MARKS = re.compile(r"(<!-- SKILL -->\n).*?(\n<!-- /SKILL -->)", re.S)


def main(check: bool) -> int:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    skill = (ROOT / "figures/real/skill.txt").read_text(encoding="utf-8").strip()
    new = MARKS.sub(lambda marks: marks[1] + skill + marks[2], text)
    wrong = check and new != text
    if wrong: print("README.md: its skill is not that of figures/real/skill.txt; run `python tools/skill.py`")
    if not check: readme.write_text(new, encoding="utf-8")
    return int(wrong)


if __name__ == "__main__": sys.exit(main("--check" in sys.argv))
