"""Train and score the networks of a configuration on one GPU, several at once, for so many minutes.

What is done lies in data/runs/NAME as `mmstt study` would have left it: run both in any order, on any machine. What is
not done goes on from its last checkpoint when this is run again. In the end it measures how near a step of MM-STT comes
to its bare products, into figures/benchmarks/gpu.csv.
"""

import argparse
import contextlib
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
import torch
import torch.nn.functional as F

from mmstt.evaluate import score_run
from mmstt.models.core import build_model
from mmstt.protocol import make_windows
from mmstt.raster import open_cube
from mmstt.study import load_config
from mmstt.tables import configured_runs, trained_on
from mmstt.train import Replayed, TrainConfig, masked_loss, train


def jobs_of(config):
    "Seed, model and protocol of each network's run, seed after seed."
    networks = [(s, m, p) for p, m, s in configured_runs(config) if m in config["models"]]
    return sorted(networks, key=lambda job: job[0])


def work(queue, config, cube):
    "Take runs until there are none."
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))      # checkpoints are written whole
    torch.set_num_threads(2)
    opened = open_cube(cube)
    settings = TrainConfig(**config.get("training", {}), checkpoint_seconds=20)
    while (job := queue.get()) is not None:
        seed, model, protocol = job
        out = Path("data/runs", config["name"], opened.attrs["tile"], protocol, model, f"seed{seed}")
        how = dict(seed=seed, sizes=config["models"][model], config=settings)
        run = train(opened, model, protocol, out=out, **how, progress=False)
        if not (out / "scores.csv").exists(): score_run(out, [cube])
        result = run.config["result"]
        print(f"[{protocol} {model} seed {seed}] {result['epochs']} epochs, best {result['best_epoch']}, "
              f"{result['seconds_per_epoch']} s an epoch, validation loss {result['validation_loss']:.5f}", flush=True)


PLACES = ("CUDA_MPS_PIPE_DIRECTORY", "CUDA_MPS_LOG_DIRECTORY")


@contextlib.contextmanager
def shared_gpu():
    """NVIDIA's multi-process service for the programs that are started meanwhile; yields whether it runs.

    Without it a GPU computes for one program at a time. One that runs already is used and left.
    """
    daemon = shutil.which("nvidia-cuda-mps-control", path=os.environ["PATH"] + ":/usr/local/nvidia/bin")
    runs_already = any(place in os.environ for place in PLACES)
    if runs_already or not daemon:
        yield runs_already
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ.update(dict.fromkeys(PLACES, folder))
        started = subprocess.run([daemon, "-d"], check=False).returncode == 0
        try: yield started
        finally:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if started: subprocess.run([daemon], input=b"quit\n", check=False, timeout=60)
            for place in PLACES: os.environ.pop(place)


def train_all(config, cube, end, workers):
    "Share the runs among processes until `end` (time.monotonic)."
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    for job in [*jobs_of(config), *[None] * workers]: queue.put(job)
    processes = [context.Process(target=work, args=(queue, config, cube)) for _ in range(workers)]
    for process in processes: process.start()
    while time.monotonic() < end and any(p.is_alive() for p in processes): time.sleep(0.5)
    for process in processes: process.terminate()
    for process in processes: process.join()


def seconds(call, repeats=20):
    "Median time of a call on the GPU."
    found = []
    for _ in range(repeats + 3):
        start, stop = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        stop.record()
        torch.cuda.synchronize()
        found.append(start.elapsed_time(stop) / 1e3)
    return statistics.median(found[3:])


def recorded(call):
    "The call as a CUDA graph."
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3): call()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph): call()
    return graph.replay


def bare_products(batch, tokens, dim, depth, heads):
    "A call that multiplies what a step of MM-STT multiplies, forward and backward, and nothing else."
    def random(*shape): return torch.randn(*shape, device="cuda", dtype=torch.bfloat16, requires_grad=True)
    x, wide = random(batch * tokens, dim), random(batch * tokens, 4 * dim)
    q, k, v = (random(batch, heads, tokens, dim // heads) for _ in range(3))
    weights = [(random(3 * dim, dim), x), (random(dim, dim), x), (random(4 * dim, dim), x)]
    weights.append((random(dim, 4 * dim), wide))

    def layer():
        outputs = [F.linear(some, weight) for weight, some in weights]
        outputs.append(F.scaled_dot_product_attention(q, k, v))
        inputs = [t for pair in weights for t in pair]
        torch.autograd.grad(outputs, [*dict.fromkeys(inputs), q, k, v], outputs)

    def step():
        for _ in range(depth): layer()
    return step


def step_seconds(windows, sizes, batch, *, compiled):
    "Seconds of a training step of MM-STT, and of its bare products."
    net = build_model("mmstt", windows.t_in, windows.t_out, *windows.inputs.shape[1:], **sizes).cuda().train()
    if compiled:
        for layer in net.layers: layer.compile()        # they are alike: one is compiled
    origins = windows.origins["train"]
    some = origins[torch.arange(batch, device=origins.device) % len(origins)]
    inputs, (y, valid) = net.read(windows, some), windows.target(some)
    fast, optimizer = Replayed(net, inputs, torch.bfloat16), torch.optim.AdamW(net.parameters(), fused=True)

    def step():
        loss, count = masked_loss(fast(*inputs), y, valid)
        (loss / count).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    tokens = windows.t_in * (y.shape[-1] // sizes["patch"]) ** 2
    bare = bare_products(batch, tokens, sizes["dim"], sizes["depth"], sizes["heads"])
    return seconds(step), seconds(recorded(bare))


def bars(config, cube):
    "Seconds of a step of MM-STT beside its bare products, by batch: frame."
    windows = make_windows(open_cube(cube), "forecast").to(torch.device("cuda"))
    rows = []
    for batch, compiled in ((8, False), (32, False), (128, False), (8, True), (128, True)):
        torch.compiler.reset()
        step_s, bare_s = step_seconds(windows, config["models"]["mmstt"], batch, compiled=compiled)
        epoch_s = step_s * len(windows.origins["train"]) / batch
        rows.append(dict(device=torch.cuda.get_device_name(), batch=batch, compiled=compiled, step_s=round(step_s, 5),
                         bare_products_s=round(bare_s, 5), share=round(bare_s / step_s, 3), epoch_s=round(epoch_s, 3)))
        how = f"batch {batch}{', compiled' * compiled}"
        print(f"MM-STT, {how}: step {step_s * 1e3:.2f} ms, bare products {bare_s * 1e3:.2f} ms "
              f"({bare_s / step_s:.0%}), {epoch_s:.2f} s an epoch", flush=True)
    return pd.DataFrame(rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", default="config/paper.yaml")
    parser.add_argument("--minutes", type=float, default=9, help="stop after so many")
    parser.add_argument("--workers", type=int, help="runs at a time; 8 where programs share the GPU, else 6")
    args = parser.parse_args()
    end = time.monotonic() + 60 * args.minutes
    if not torch.cuda.is_available(): sys.exit("no NVIDIA GPU here; `mmstt study` trains on a CPU")
    config = load_config(args.config)
    cube = Path("data/cubes", f"{trained_on(config)}.zarr")
    if not cube.exists(): sys.exit(f"{cube} is not there: `mmstt study --config {args.config} --only cubes` makes it")
    with shared_gpu() as shared:
        print(f"programs {'share' if shared else 'take turns on'} the GPU", flush=True)
        train_all(config, cube, end, args.workers or (8 if shared else 6))
    measured = Path("figures/benchmarks/gpu.csv")
    if "mmstt" in config["models"] and not measured.exists():
        measured.parent.mkdir(parents=True, exist_ok=True)
        bars(config, cube).to_csv(measured, index=False)


if __name__ == "__main__": main()
