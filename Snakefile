# The plan of the study: what is made from what. `mmstt study` runs it with a configuration from config/.
#
#   delivered file or synthetic tile -> cube -> runs (a model, a protocol, a seed) -> scores -> notebooks
#   -> figures/<tile>/;  runs of one tile, carried to all others -> notebooks -> figures/all/
#   all notebooks -> figures/index.html
#
# Each heavy step is one call of the command line, each table and figure one papermill notebook. A step is run again
# only when its inputs or the part of the configuration that it reads (its params) have changed.
#
# `threads` is what a job computes with; `resources` (memory in MB, time in minutes) is what a cluster's scheduler is
# told. Both are for full-size tiles, and `--set-threads train=8 --set-resources train:gpu=1` overrules them.
#
# Whatever reaches a shell is quoted ({...:q}) or a name that was checked (mmstt.study.check_config).

import os
from pathlib import Path
from mmstt.study import reference_of, run_notebook, share_path, source_of
from mmstt.tables import configured_runs, trained_on

# Training needs large arrays again and again: glibc keeps their memory for the next ones. A forecast of many tiles
# (forecast.smk) does not do so: memory is what limits it.
os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2 ** 40))

# Within the working folder, so that no notebook carries a path of this machine.
CONFIGURATION = os.path.relpath(workflow.configfiles[0])
SAMPLE = os.path.relpath(share_path("data/sample"))

TILES, PROTOCOLS = config["tiles"], config["protocols"]
RUNS = f"data/runs/{config['name']}"

NOTEBOOKS = ["table_1", "figure_2", "figure_3", "figure_4"]      # of each tile
APART = ["configuration"]                                         # as well, but only when asked for
HAS_OWN = config["train_tile"] in TILES
TRAINED_ON = trained_on(config)                                   # its networks are carried to the other tiles
PIPELINE = ["figure_1"] if "mmstt" in config["models"] and HAS_OWN else []
CARRIED = ["table_2", "figure_5", "figure_6"] if PIPELINE and len(TILES) > 1 else []
ALONE = [TRAINED_ON] if CARRIED else TILES                        # tiles with networks, and so with tables, of their own
TOGETHER = PIPELINE + CARRIED                                     # of the study as a whole
QUIET = ["E32N35"]                                                # its quietest cells stand for stable ground

RUN = RUNS + "/{tile}/{protocol}/{model}/seed{seed}"
CUBE = "data/cubes/{tile}.zarr"


def say(who):
    "A job's output, a line at a time and each with the job's name, on the terminal and in its log."
    return rf"""2>&1 | awk -v RS='[\r\n]+' -v who="[{who}] " 'NF {{{{ print who $0; fflush() }}}}' | tee {{log:q}}"""


def notebook_of(name):
    "A notebook of the tables and figures."
    return str(share_path(f"nbs/paper/{name}.ipynb"))


# A seed and a protocol hold no more than a word; a tile is named by its corner.
wildcard_constraints:
    tile = r"E\d+N\d+",
    protocol = r"\w+",
    model = r"[A-Za-z0-9_-]+",
    seed = r"\d+"


# The cubes are asked for too: figures/ is committed and data/ is not, and a fresh clone shall compute its study, not
# find it done.
rule study:
    input: "figures/index.html", expand(CUBE, tile=TILES)
    default_target: True


# The cubes alone, for a machine that has something else to do with them: `make gpu`.
rule cubes:
    input: expand(CUBE, tile=TILES)


rule synthetic:
    output: "data/synthetic/EGMS_L3_{tile}_100km_{release}_twin{version}.zip"
    params: points = ["--points", config["points"]] if config["points"] else []
    resources: mem_mb = 4000, runtime = 30
    log: "logs/synthetic-{tile}-{release}-{version}.log"
    shell: "mmstt simulate {wildcards.tile:q} --out data/synthetic {params.points:q} " + say("{wildcards.tile}")


rule cube:
    input: lambda w: source_of(w.tile, config["component"])
    output: directory(CUBE)
    params: size = config["size"]
    resources: mem_mb = 4000, runtime = 30
    log: "logs/cube-{tile}.log"
    shell: "mmstt rasterize {input:q} --out {output:q} --size {params.size:q} " + say("{wildcards.tile}")


rule train:
    input: CUBE
    output: RUN + "/weights.safetensors"
    params:
        sizes = lambda w: config["models"].get(w.model, {}),
        training = config["training"],
        run = subpath(output[0], parent=True)
    threads: 1
    resources: mem_mb = 8000, runtime = 24 * 60                   # one that runs out of time resumes: --retries 3
    log: "logs/train-{tile}-{protocol}-{model}-{seed}.log"
    shell:
        "mmstt train {input:q} --model {wildcards.model:q} --protocol {wildcards.protocol:q} --seed {wildcards.seed:q}"
        " --out {params.run:q} --config {CONFIGURATION:q} --threads {threads} --overwrite "
        + say("{wildcards.tile} {wildcards.protocol} {wildcards.model} seed {wildcards.seed}")


rule score:
    input: run = RUN + "/weights.safetensors", cube = CUBE
    output: RUN + "/scores.csv"
    params: run = subpath(output[0], parent=True)
    threads: 1
    resources: mem_mb = 8000, runtime = 120
    log: "logs/score-{tile}-{protocol}-{model}-{seed}.log"
    shell:
        "mmstt score {params.run:q} {input.cube:q} --threads {threads} "
        + say("{wildcards.tile} {wildcards.protocol} {wildcards.model} seed {wildcards.seed}")


# The baselines cost seconds each, less than starting Python: one job fits and scores them all.
rule baselines:
    input: CUBE
    output: expand(RUNS + "/{{tile}}/{{protocol}}/{model}/seed0/scores.csv", model=config["baselines"])
    threads: 1
    resources: mem_mb = 8000, runtime = 120
    run:
        from mmstt.evaluate import score_baselines
        out = f"{RUNS}/{wildcards.tile}/{wildcards.protocol}"
        score_baselines(input[0], config["baselines"], wildcards.protocol, out=out, threads=threads)

ruleorder: baselines > score


def scores(wildcards):
    "The scores of all runs of a tile."
    return [f"{RUNS}/{wildcards.tile}/{p}/{m}/seed{s}/scores.csv" for p, m, s in configured_runs(config)]


rule notebook:
    input: scores = scores, cube = CUBE, notebook = lambda w: notebook_of(w.notebook)
    output: "figures/{tile}/{notebook}.ipynb"
    wildcard_constraints: notebook = "|".join(NOTEBOOKS + APART)
    params: config = config
    threads: 1
    resources: mem_mb = 8000, runtime = 60
    run:
        run_notebook(input.notebook, output[0], tile=wildcards.tile, config=CONFIGURATION, cube=input.cube,
                     runs=f"{RUNS}/{wildcards.tile}", out=f"figures/{wildcards.tile}")
        print(f"[{wildcards.tile}] wrote {output[0]}", flush=True)


def networks(protocol):
    "The weights of the networks that are carried to other tiles."
    runs = [(m, s) for p, m, s in configured_runs(config) if p == protocol and m in config["models"]]
    return [f"{RUNS}/{TRAINED_ON}/{protocol}/{m}/seed{s}/weights.safetensors" for m, s in runs]


# Networks of one tile on another, every window; its own baselines beside them.
rule transfer:
    input: runs = lambda w: networks(w.protocol), cube = CUBE
    output: RUNS + "/transfer/{tile}/{protocol}.csv"
    params: baselines = config["baselines"]
    threads: 1
    resources: mem_mb = 8000, runtime = 240
    run:
        import torch
        from mmstt.evaluate import quiet, score_transfer
        torch.set_num_threads(threads)
        regions = dict(quiet=quiet) if wildcards.tile in QUIET else {}
        runs = [Path(r).parent for r in input.runs]
        score_transfer(runs, input.cube, params.baselines, protocol=wildcards.protocol, out=output[0], regions=regions)
        print(f"[{wildcards.tile} {wildcards.protocol}] scored by the networks of {TRAINED_ON}", flush=True)


def together(wildcards):
    "What a notebook of the study as a whole reads."
    if wildcards.notebook == "table_2":
        return expand(RUNS + "/transfer/{tile}/{protocol}.csv", tile=TILES, protocol=PROTOCOLS)
    return [run for protocol in PROTOCOLS for run in networks(protocol)]


rule together:
    input: made = together, cubes = expand(CUBE, tile=TILES), notebook = lambda w: notebook_of(w.notebook)
    output: "figures/all/{notebook}.ipynb"
    wildcard_constraints: notebook = "|".join(TOGETHER) or "none"
    params: config = config
    threads: 1
    resources: mem_mb = 8000, runtime = 60
    run:
        run_notebook(input.notebook, output[0], tile=TRAINED_ON, config=CONFIGURATION, runs=RUNS, cubes="data/cubes",
                     out="figures/all")
        print(f"wrote {output[0]}", flush=True)


def report(wildcards):
    "The notebooks of the report, in its order."
    first = expand("figures/{tile}/{notebook}.ipynb", tile=ALONE, notebook=NOTEBOOKS)
    together = [expand("figures/all/{notebook}.ipynb", notebook=some) for some in (PIPELINE, CARRIED)]
    return [*together[0], *first, *together[1]]


# An audit, what a network adds, or the paper's own configuration is shown too where it has been made, but not made again
# for that: it is no input.
BESIDE = [*expand("figures/{tile}/{what}.ipynb", tile=TILES, what=["configuration", "residual", "audit"]),
          "figures/real/real_data.ipynb"]

rule report:
    input: report
    output: "figures/index.html"
    params: beside = [f for f in BESIDE if Path(f).exists()]
    threads: 1
    resources: mem_mb = 4000, runtime = 30
    run:
        from mmstt.report import write_report
        from mmstt.reproduced import compare_run
        compared = compare_run("figures", reference_of(config["name"]), config["tiles"])
        write_report([*input, *params.beside], output[0], config["name"], reproduced=compared)


# Apart from the study, since each takes a quarter of an hour of all cores: `make audit` and `make bench`.
rule audit:
    input: expand("figures/{tile}/audit.ipynb", tile=TILES), expand(CUBE, tile=TILES)


# What a network adds to the baselines that it starts from: `make residual`.
rule residual:
    input: expand("figures/{tile}/residual.ipynb", tile=TILES), expand(CUBE, tile=TILES)


# How the paper's networks learned, with the paper's configuration: `make configuration`.
rule configuration:
    input: f"figures/{TRAINED_ON}/configuration.ipynb", expand(CUBE, tile=TRAINED_ON)


# The networks alone.
rule trained:
    input: [run for protocol in PROTOCOLS for run in networks(protocol)]


rule long_notebook:
    input: cube = CUBE, notebook = lambda w: notebook_of(w.what)
    output: "figures/{tile}/{what}.ipynb"
    wildcard_constraints: what = "audit|residual"
    threads: 16                                                   # or as many as there are
    resources: mem_mb = 16000, runtime = 240
    run:
        run_notebook(input.notebook, output[0], tile=wildcards.tile, config=CONFIGURATION, cube=input.cube,
                     runs=f"{RUNS}/{wildcards.tile}", out=f"figures/{wildcards.tile}")


# Forecasts on every real set at hand: `make real`.
rule real_data:
    input: notebook = lambda w: notebook_of("real_data")
    output: "figures/real/real_data.ipynb"
    threads: 16                                                   # or as many as there are
    resources: mem_mb = 8000, runtime = 60
    run: run_notebook(input.notebook, output[0], out="figures/real")


# The picture of the README: a forecast's map page of the real tile E45N17, one cell chosen. It needs that tile in data/egms/.
rule map_picture:
    input: lambda w: source_of("E45N17")
    output: "figures/map.png"
    run:
        from mmstt.browser import visit
        from mmstt.forecast import forecast
        from mmstt.map_page import write_map
        from mmstt.tiles import read_tile

        def choose_and_draw(page):
            page.wait_for_timeout(1000)
            box = page.locator("canvas").first.bounding_box()
            page.mouse.click(box["x"] + .55 * box["width"], box["y"] + .45 * box["height"])
            page.wait_for_timeout(500)
            page.screenshot(path=output[0])

        tile = read_tile(input[0])
        visit(write_map(forecast(tile), tile, "build/map.html"), choose_and_draw)


# Not `europe`: it reads full-size synthetic tiles, which no configuration makes, and takes hours for many; it is run by hand.
rule bench:
    input: expand("figures/benchmarks/{what}.ipynb", what=["read", "changes", "grid", "models", "networks", "fanout", "forecast", "intervals"])


rule bench_notebook:
    input: file = lambda w: source_of("E32N34"), notebook = lambda w: str(share_path(f"nbs/bench/{w.what}.ipynb"))
    output: "figures/benchmarks/{what}.ipynb"
    threads: 16                                                   # or as many as there are
    resources: mem_mb = 16000, runtime = 240
    run:
        files = dict(read=dict(file=input.file), grid=dict(file=input.file), intervals={})
        own = files.get(wildcards.what, dict(sample=SAMPLE))
        run_notebook(input.notebook, output[0], out="figures/benchmarks", **own)
