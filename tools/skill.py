"""Put the computed sentences of figures/real/skill.txt into the README, between its two SKILL marks; --check compares them."""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MARKS = re.compile(r"(<!-- SKILL -->\n).*?(\n<!-- /SKILL -->)", re.S)


def main(check: bool) -> int:
    readme = ROOT / "README.md"
    text, skill = readme.read_text(encoding="utf-8"), (ROOT / "figures/real/skill.txt").read_text(encoding="utf-8").strip()
    new = MARKS.sub(lambda m: m[1] + skill + m[2], text)
    if check and new != text: print("README.md: its skill is not that of figures/real/skill.txt; run `python tools/skill.py`")
    if not check: readme.write_text(new, encoding="utf-8")
    return int(check and new != text)


if __name__ == "__main__": sys.exit(main("--check" in sys.argv))
