# The plan of the study: what is made from what. `mmstt study` runs it with a recipe from config/.
#
#   delivered file or twin -> cube -> runs (a model, a protocol, a seed) -> scores -> notebooks -> figures/<tile>/
#                                      runs of one tile, carried to all others -> notebooks -> figures/all/
#   all notebooks -> figures/index.html
#
# Each heavy step is one call of the command line, each table and figure one papermill notebook. A step is run again only
# when its inputs or the part of the recipe that it reads (its params) have changed.
#
# `threads` is what a job computes with; `resources` (memory in MB, time in minutes) is what a cluster's scheduler is told. Both are for
# full-size tiles, and `--set-threads train=8 --set-resources train:gpu=1` overrules them.

import os
from pathlib import Path
from mmstt.study import run_notebook, share_path, source_of

RECIPE = os.path.relpath(workflow.configfiles[0])                     # within the working folder, so that no notebook carries a path of this machine
TILES, PROTOCOLS, SEEDS = config["tiles"], config["protocols"], config["seeds"]
RUNS = f"data/runs/{config['name']}"
SAMPLE = os.path.relpath(share_path("data/sample"))                         # likewise
NOTEBOOKS = ["table_1", "figure_2", "figure_3", "figure_4"]                                         # of each tile
APART = ["configuration"]                                                                            # as well, but only when asked for
TRAINED_ON = config["train_tile"] if config["train_tile"] in TILES else TILES[0]                     # its networks are carried to the other tiles
PIPELINE = ["figure_1"] if "mmstt" in config["models"] and config["train_tile"] in TILES else []
CARRIED = ["table_2", "figure_5", "figure_6"] if PIPELINE and len(TILES) > 1 else []
ALONE = [TRAINED_ON] if CARRIED else TILES                                                           # tiles with networks, and so with tables, of their own
TOGETHER = PIPELINE + CARRIED                                                                        # of the study as a whole
QUIET = ["E32N35"]                                                                                   # its quietest cells stand for stable ground

def say(who):
    "A job's output, a line at a time and each with the job's name, on the terminal and in its log."
    return rf"""2>&1 | awk -v RS='[\r\n]+' -v who="[{who}] " 'NF {{{{ print who $0; fflush() }}}}' | tee {{log}}"""

wildcard_constraints:
    tile = r"E\d+N\d+", protocol = r"\w+", model = r"\w+", seed = r"\d+"


# The cubes are asked for too: figures/ is committed and data/ is not, and a fresh clone shall compute its study, not find it done.
rule study:
    input: "figures/index.html", expand("data/cubes/{tile}.zarr", tile=TILES)
    default_target: True


rule twin:
    output: "data/twins/EGMS_L3_{tile}_100km_{release}_twin{version}.zip"
    params: points = f"--points {config['points']}" if config["points"] else ""
    resources: mem_mb = 4000, runtime = 30
    log: "logs/twin-{tile}-{release}-{version}.log"
    shell: "mmstt simulate {wildcards.tile} --out data/twins {params.points} " + say("{wildcards.tile}")


rule cube:
    input: lambda w: source_of(w.tile, config["component"])
    output: directory("data/cubes/{tile}.zarr")
    params: size = config["size"]
    resources: mem_mb = 4000, runtime = 30
    log: "logs/cube-{tile}.log"
    shell: "mmstt rasterize {input} --out {output} --size {params.size} " + say("{wildcards.tile}")


rule train:
    input: "data/cubes/{tile}.zarr"
    output: RUNS + "/{tile}/{protocol}/{model}/seed{seed}/weights.safetensors"
    params: sizes = lambda w: config["models"].get(w.model, {}), training = config["training"], run = subpath(output[0], parent=True)
    threads: 1
    resources: mem_mb = 8000, runtime = 24 * 60                                   # one that runs out of time resumes: --retries 3
    log: "logs/train-{tile}-{protocol}-{model}-{seed}.log"
    shell: "mmstt train {input} --model {wildcards.model} --protocol {wildcards.protocol} --seed {wildcards.seed} --out {params.run}"
           " --config {RECIPE} --threads {threads} --overwrite " + say("{wildcards.tile} {wildcards.protocol} {wildcards.model} seed {wildcards.seed}")


rule score:
    input: run = RUNS + "/{tile}/{protocol}/{model}/seed{seed}/weights.safetensors", cube = "data/cubes/{tile}.zarr"
    output: RUNS + "/{tile}/{protocol}/{model}/seed{seed}/scores.csv"
    params: run = subpath(output[0], parent=True)
    threads: 1
    resources: mem_mb = 8000, runtime = 120
    log: "logs/score-{tile}-{protocol}-{model}-{seed}.log"
    shell: "mmstt score {params.run} {input.cube} --threads {threads} " + say("{wildcards.tile} {wildcards.protocol} {wildcards.model} seed {wildcards.seed}")


# The naive lines cost seconds each, less than starting Python: one job fits and scores them all.
rule naive:
    input: "data/cubes/{tile}.zarr"
    output: expand(RUNS + "/{{tile}}/{{protocol}}/{model}/seed0/scores.csv", model=config["naive"])
    threads: 1
    resources: mem_mb = 8000, runtime = 120
    run:
        from mmstt.evaluate import score_naive
        score_naive(input[0], config["naive"], wildcards.protocol, f"{RUNS}/{wildcards.tile}/{wildcards.protocol}", threads=threads)

ruleorder: naive > score


def scores(wildcards):
    runs = [(m, s) for m in config["models"] for s in SEEDS] + [(m, 0) for m in config["naive"]]
    return [f"{RUNS}/{wildcards.tile}/{p}/{m}/seed{s}/scores.csv" for p in PROTOCOLS for m, s in runs]


rule notebook:
    input: scores = scores, cube = "data/cubes/{tile}.zarr", notebook = lambda w: str(share_path(f"nbs/paper/{w.notebook}.ipynb"))
    output: "figures/{tile}/{notebook}.ipynb"
    wildcard_constraints: notebook = "|".join(NOTEBOOKS + APART)
    params: config = config
    threads: 1
    resources: mem_mb = 8000, runtime = 60
    run:
        run_notebook(input.notebook, output[0], tile=wildcards.tile, config=str(RECIPE), runs=f"{RUNS}/{wildcards.tile}",
                     cube=input.cube, out=f"figures/{wildcards.tile}")
        print(f"[{wildcards.tile}] wrote {output[0]}", flush=True)


# Networks of one tile on another, every window; its own naive lines beside them.
rule transfer:
    input:
        runs = lambda w: [f"{RUNS}/{TRAINED_ON}/{w.protocol}/{m}/seed{s}/weights.safetensors" for m in config["models"] for s in SEEDS],
        cube = "data/cubes/{tile}.zarr",
    output: RUNS + "/transfer/{tile}/{protocol}.csv"
    params: lines = config["naive"]
    threads: 1
    resources: mem_mb = 8000, runtime = 240
    run:
        import torch
        from mmstt.evaluate import quiet, score_transfer
        torch.set_num_threads(threads)
        score_transfer([Path(r).parent for r in input.runs], input.cube, params.lines, wildcards.protocol, output[0], dict(quiet=quiet) if wildcards.tile in QUIET else {})
        print(f"[{wildcards.tile} {wildcards.protocol}] scored by the networks of {TRAINED_ON}", flush=True)


def together(wildcards):
    if wildcards.notebook == "table_2": return expand(RUNS + "/transfer/{tile}/{protocol}.csv", tile=TILES, protocol=PROTOCOLS)
    return expand(RUNS + "/{tile}/{protocol}/{model}/seed{seed}/weights.safetensors", tile=TRAINED_ON, protocol=PROTOCOLS, model=config["models"], seed=SEEDS[:1])


rule together:
    input: made = together, cubes = expand("data/cubes/{tile}.zarr", tile=TILES), notebook = lambda w: str(share_path(f"nbs/paper/{w.notebook}.ipynb"))
    output: "figures/all/{notebook}.ipynb"
    wildcard_constraints: notebook = "|".join(TOGETHER) or "none"
    params: config = config
    threads: 1
    resources: mem_mb = 8000, runtime = 60
    run:
        run_notebook(input.notebook, output[0], tile=TRAINED_ON, config=str(RECIPE), runs=RUNS, cubes="data/cubes", out="figures/all")
        print(f"wrote {output[0]}", flush=True)


def report(wildcards):
    first = expand("figures/{tile}/{notebook}.ipynb", tile=ALONE, notebook=NOTEBOOKS)
    return [*expand("figures/all/{notebook}.ipynb", notebook=PIPELINE), *first, *expand("figures/all/{notebook}.ipynb", notebook=CARRIED)]


# An audit, what a network adds, or the paper's own configuration is shown too where it has been made, but not made again for that: it is no input.
rule report:
    input: report
    output: "figures/index.html"
    params: beside = [f for f in [*(f"figures/{t}/{what}.ipynb" for t in TILES for what in ("configuration", "anchored", "audit")), "figures/all/travel.ipynb"] if Path(f).exists()]
    threads: 1
    resources: mem_mb = 4000, runtime = 30
    run:
        from mmstt.report import write_report
        write_report([*input, *params.beside], output[0], config["name"])


# Apart from the study, since each takes a quarter of an hour of all cores: `make audit` and `make bench`.
rule audit:
    input: expand("figures/{tile}/audit.ipynb", tile=TILES), expand("data/cubes/{tile}.zarr", tile=TILES)


rule anchored:
    input: expand("figures/{tile}/anchored.ipynb", tile=TILES), expand("data/cubes/{tile}.zarr", tile=TILES)


# The paper's own network, as its recipe trains it (config/paper_cpu.yaml): `make configuration`. One thread a run, so that both protocols go side by side.
rule configuration:
    input: expand("figures/{tile}/configuration.ipynb", tile=TILES), expand("data/cubes/{tile}.zarr", tile=TILES)


rule long_notebook:
    input: cube = "data/cubes/{tile}.zarr", notebook = lambda w: str(share_path(f"nbs/paper/{w.what}.ipynb"))
    output: "figures/{tile}/{what}.ipynb"
    wildcard_constraints: what = "audit|anchored"
    threads: 16                                                           # or as many as there are
    resources: mem_mb = 16000, runtime = 240
    run:
        run_notebook(input.notebook, output[0], tile=wildcards.tile, config=str(RECIPE), runs=f"{RUNS}/{wildcards.tile}",
                     cube=input.cube, out=f"figures/{wildcards.tile}")


# What five tiles teach about a sixth: `make travel`.
rule travel:
    input: "figures/all/travel.ipynb", expand("data/cubes/{tile}.zarr", tile=TILES)


rule travel_notebook:
    input: cubes = expand("data/cubes/{tile}.zarr", tile=TILES), own = expand("figures/{tile}/anchored.ipynb", tile=TILES), notebook = str(share_path("nbs/paper/travel.ipynb"))
    output: "figures/all/travel.ipynb"
    threads: 16                                                           # or as many as there are
    resources: mem_mb = 16000, runtime = 240
    run: run_notebook(input.notebook, output[0], tiles=TILES, config=str(RECIPE), cubes="data/cubes", own="figures", out="figures/all")


rule bench:
    input: expand("figures/benchmarks/{what}.ipynb", what=["read", "grid", "models", "fanout"])


rule bench_notebook:
    input: file = source_of("E32N34"), notebook = lambda w: str(share_path(f"nbs/bench/{w.what}.ipynb"))
    output: "figures/benchmarks/{what}.ipynb"
    threads: 16                                                           # or as many as there are
    resources: mem_mb = 16000, runtime = 240
    run:
        own = dict(file=input.file) if wildcards.what in ("read", "grid") else dict(sample=SAMPLE)
        run_notebook(input.notebook, output[0], out="figures/benchmarks", **own)
