# The plan of a forecast of many tiles: `mmstt forecast FILES --out-dir DIR` runs it in DIR, a job a tile.
#
# The configuration (data/.forecast.yaml) is written by mmstt.many: for each name the file and the output, and what all
# tiles share. A tile is made again when its file, the shared hyperparameters or an option has changed.

import os

CONFIGURATION = os.path.relpath(workflow.configfiles[0])
TILES, SHARED = config["tiles"], config["shared"]


# Names hold letters, digits, - and _ alone (mmstt.many.plan_tiles).
wildcard_constraints:
    name = r"[A-Za-z0-9_-]+"


def read_by(wildcards):
    "A tile's file; with shared hyperparameters these, and the tiles beside."
    tile = TILES[wildcards.name]
    return [tile["file"], *([SHARED["hyper"], *tile["beside"]] if SHARED["hyper"] else [])]


rule all:
    input: expand("cards/{name}.json", name=TILES)
    default_target: True


rule tile:
    input: read_by
    output: "cards/{name}.json"
    params: shared = SHARED, planned = lambda w: TILES[w.name]
    threads: 1
    resources: mem_mb = 2000, runtime = 60
    log: "logs/{name}.log"
    shell:
        "python -c 'import sys; from mmstt.many import main; sys.exit(main())'"
        " {CONFIGURATION:q} {wildcards.name:q} {threads} 2>&1 | tee {log:q}"
