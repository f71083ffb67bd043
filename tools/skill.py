"""Put the computed sentences on the study, on skill and on the league into the README; `--check` compares them.

They stand between the README's two SKILL marks.
"""
import csv
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
COMPUTED = "figures/real/skill.txt", "figures/league/claim.txt"
MARKS = re.compile(r"(<!-- SKILL -->\n).*?(<!-- /SKILL -->)", re.S)


def first_paragraph(text: str) -> str:
    "Up to the first empty line; a table that is announced there is left to the page that it links."
    first = text.split("\n\n")[0]
    return first.removesuffix(":") + "." if first.endswith(":") else first


def study() -> str:
    "What the paper's network reaches 60 days ahead, beside persistence: the committed numbers of `config/paper.yaml`."
    with open(ROOT / "config/reference/paper.csv", newline="") as f:
        rows = [row for row in csv.DictReader(f) if row["table"] == "E32N34/table_1.csv"]
    error = {(row["row"], row["column"]): f"{float(row['value']):.2f} mm" for row in rows}
    ours, still = "E32N34 mmstt 10", "E32N34 persistence 10"
    return (f"On a synthetic tile MM-STT has an RMSE of {error[ours, 'paper_rmse_mm']} under the paper's protocol, "
            f"60 days ahead, and of {error[ours, 'forecast_rmse_mm']} without knowledge of the future, where "
            f"persistence has {error[still, 'forecast_rmse_mm']} ([Table I](figures/E32N34/table_1.md)).")


def main(check: bool) -> int:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    texts = [(ROOT / file).read_text(encoding="utf-8").strip() for file in COMPUTED]
    skill = "\n\n".join([study(), *map(first_paragraph, texts)])
    new, found = MARKS.subn(lambda marks: f"{marks[1]}{skill}\n{marks[2]}", text)
    if found != 1: sys.exit("README.md: the marks <!-- SKILL --> and <!-- /SKILL --> are not there, once each")
    wrong = check and new != text
    if wrong: print("README.md: its skill is not that of the committed runs; run `python tools/skill.py`")
    if not check: readme.write_text(new, encoding="utf-8")
    return int(wrong)


if __name__ == "__main__": sys.exit(main("--check" in sys.argv))
