"""Keep the numbers of the run in figures/ as those that later runs of its configuration are compared with."""

import json
import sys
from pathlib import Path

from mmstt.reproduced import write_reference

provenance = json.loads(Path("figures/E32N34/provenance.json").read_text(encoding="utf-8"))
name = provenance["config"]["name"]
out = Path("config/reference", f"{name}.csv")
out.parent.mkdir(parents=True, exist_ok=True)
write_reference("figures", out)
sys.exit(print(f"wrote {out}"))
