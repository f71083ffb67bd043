"""A small SLURM with accounting, on this machine, to see that a study and a forecast of many tiles survive on it.

    make cluster      (Debian or Ubuntu, as root)

It starts its own munge, MariaDB, slurmdbd, slurmctld and two slurmd, all in one private folder. /etc/slurm/slurm.conf
leads there while it runs; where there is such a file already nothing is done. It runs the smoke study and a forecast of
six small tiles twice: through SLURM, where a running job is killed with SIGKILL and the daemon of a node is stopped for
a while, and here, undisturbed. Then it compares. At the end it stops what it started, whatever happened. The results
are figures/cluster/forecast.md and study.md.
"""
import argparse
import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "cluster"
PACKAGES = ["slurm-wlm", "munge", "slurmdbd", "mariadb-server"]
HOST = socket.gethostname().split(".")[0]
MMSTT = str(Path(sys.executable).with_name("mmstt"))
TILES = 6
NODES = "one", "two"
DAEMONS = ("slurmctld", "slurmdbd", "munged", "mariadbd")

SLURM_CONF = """ClusterName=mmstt
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
ReturnToService=2
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool/%n
SlurmdParameters=config_overrides
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd-%n.pid
SlurmctldPort=16817
{accounting}
NodeName=one NodeHostname={host} NodeAddr=127.0.0.1 Port=16821 CPUs=1 RealMemory={memory} State=UNKNOWN
NodeName=two NodeHostname={host} NodeAddr=127.0.0.1 Port=16822 CPUs=1 RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
WITH_ACCOUNTING = """AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort=16819
AccountingStoragePass={home}/munge.socket
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=5"""
SLURMDBD_CONF = """AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
DbdHost=localhost
DbdPort=16819
SlurmUser=root
PidFile={home}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
"""
# Options of Snakemake: as docs/cluster.md advises, but for the waiting times, which suit a cluster with one user.
SLURM = ["--executor", "slurm", "--jobs", "2", "--retries", "2", "--latency-wait", "30", "--slurm-requeue",
         "--default-resources", "slurm_account=mmstt", "slurm_partition=main", "--slurm-logdir", "logs/slurm",
         "--slurm-init-seconds-before-status-checks", "5", "--seconds-between-status-checks", "5"]


class Cluster:
    "The daemons, each a child of this process."
    links = Path("/etc/slurm/slurm.conf"), Path("/etc/slurm/slurmdbd.conf")   # jobs look nowhere else

    def __init__(self, home):
        self.home, self.running = home, {}
        os.environ["MYSQL_UNIX_PORT"] = str(home / "mysql.socket")
        for file in self.links:
            file.unlink(missing_ok=True)   # one that leads nowhere, of a run that was killed
            file.symlink_to(home / file.name)
        for folder in ("state", "spool", "mysql"): (home / folder).mkdir()

    def configure(self, accounting):
        "Write the configuration, with accounting or without."
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 20
        said = dict(host=HOST, home=self.home, memory=memory)
        text = SLURM_CONF.format(accounting=accounting.format(**said), **said)
        (self.home / "slurm.conf").write_text(text)
        conf = self.home / "slurmdbd.conf"
        conf.write_text(SLURMDBD_CONF.format(**said))
        conf.chmod(0o600)

    def start(self, name, *command, called=None):
        "Start a daemon in the foreground of a process of its own."
        log = open(self.home / f"{called or name}.log", "ab")
        how = dict(stdout=log, stderr=log, start_new_session=True)
        self.running[called or name] = subprocess.Popen([name, *command], **how)

    def stop(self, name):
        "Stop a daemon and wait for its end."
        process = self.running.pop(name, None)
        if process is None: return
        process.terminate()
        try: process.wait(30)
        except subprocess.TimeoutExpired: process.kill()

    def start_base(self):
        "Authentication and the database."
        key = self.home / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        files = [f"--{k}={self.home}/munge.{k}" for k in ("socket", "pid-file", "log-file", "seed-file")]
        self.start("munged", "-F", "--force", f"--key-file={key}", *files)
        data = [f"--datadir={self.home}/mysql", "--user=root"]
        run("mariadb-install-db", "--no-defaults", *data, "--auth-root-authentication-method=normal")
        self.start("mariadbd", "--no-defaults", *data, "--skip-grant-tables", "--skip-networking",
                   f"--socket={self.home}/mysql.socket", f"--pid-file={self.home}/mysql.pid")
        sockets = [self.home / f"{name}.socket" for name in ("munge", "mysql")]
        wait_for(lambda: all(s.exists() for s in sockets), "munge, MariaDB")

    def start_slurm(self):
        "SLURM with accounting and one account."
        self.configure(WITH_ACCOUNTING)
        self.start("slurmdbd", "-D")
        wait_for(lambda: run("sacctmgr", "-n", "show", "cluster", check=False)[0] == 0, "slurmdbd")
        for what in (["cluster", "mmstt"], ["account", "mmstt", "Cluster=mmstt"], ["user", "root", "Account=mmstt"]):
            run("sacctmgr", "-i", "add", *what)
        self.start("slurmctld", "-D", "-c")
        for node in NODES: self.start_node(node)
        states = "sinfo", "-h", "-N", "-o", "%T"
        wait_for(lambda: run(*states, check=False)[1].split() == ["idle"] * len(NODES), "slurmd")

    def start_node(self, node):
        "A node's daemon."
        (self.home / "spool" / node).mkdir(exist_ok=True)
        self.start("slurmd", "-D", "-N", node, called=node)

    def close(self):
        "End all jobs, then all daemons, the first one last."
        if "slurmctld" in self.running: run("scancel", "--user=root", check=False)
        for name in reversed(list(self.running)): self.stop(name)
        for file in self.links: file.unlink(missing_ok=True)


def run(*command, check=True):
    "Exit code and output of a short command."
    done = subprocess.run(command, capture_output=True, text=True)
    if check and done.returncode: sys.exit(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.returncode, done.stdout + done.stderr


def wait_for(ready, what, seconds=180):
    "Wait until a condition holds."
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end: sys.exit(f"{what}: not ready after {seconds} s")
        time.sleep(1)


def jobs():
    "Number -> node of the running jobs."
    return dict(line.split() for line in run("squeue", "-h", "-t", "R", "-o", "%A %N", check=False)[1].splitlines())


def children(pid):
    "All processes below one."
    below = run("ps", "-o", "pid=", "--ppid", str(pid), check=False)[1].split()
    return [int(p) for p in below] + [q for p in below for q in children(p)]


def processes_of(job):
    "The processes of a job's script, found below its slurmstepd."
    steps = [line.split(None, 1) for line in run("ps", "-e", "-o", "pid=,args=")[1].splitlines()]
    tops = [int(pid) for pid, args in steps if re.match(rf"slurmstepd: \[{job}\.", args)]
    return [p for top in tops for p in children(top)]


def kill_a_job(log):
    "SIGKILL to all processes of a running job, which is then no longer running."
    job = next(iter(jobs()), None)
    found = processes_of(job) if job else []
    words = " ".join(run("ps", "-o", "args=", "-p", str(p), check=False)[1] for p in found)
    if not re.search(r"mmstt\.many|mmstt (simulate|rasterize|train|score)|ipykernel", words): return False   # starting
    for pid in found:
        with contextlib.suppress(ProcessLookupError): os.kill(pid, signal.SIGKILL)
    log(f"SIGKILL to the {len(found)} processes of job {job}")
    return True


def stop_a_node(cluster, log, seconds):
    "Stop the daemon of a node while a job runs on it, and start it again."
    job, node = next(iter(jobs().items()), (None, None))
    if not job: return False
    cluster.stop(node)
    log(f"daemon of node {node} stopped, with job {job} running on it")
    time.sleep(seconds)
    cluster.start_node(node)
    log(f"daemon of node {node} started again after {seconds} s")
    return True


def disturbed(cluster, command, folder, log, *, seconds=40):
    "Run a command through SLURM; kill a job, then stop the node's daemon; its exit code."
    start, killed, stopped = time.monotonic(), False, False
    with open(BUILD / f"{folder.name}.log", "w") as out:
        process = subprocess.Popen([*command, *SLURM], stdout=out, stderr=out, cwd=BUILD)
        while process.poll() is None:
            time.sleep(3)
            if not killed: killed = kill_a_job(log)
            elif not stopped and time.monotonic() - start > 30: stopped = stop_a_node(cluster, log, seconds)
    states = run("sacct", "-n", "-X", "-P", "-o", "State", "-S", "now-3hours", check=False)[1].split("\n")
    log(f"ended with exit code {process.returncode} after {time.monotonic() - start:.0f} s")
    return dict(code=process.returncode, killed=killed, stopped=stopped, seconds=time.monotonic() - start,
                states=pd.Series([s.split()[0] for s in states if s]).value_counts().to_dict())


def make_tiles(folder):
    "Six small tiles: parts of the sample, each moved by whole tiles."
    from mmstt.tiles import read_tile, write_tile
    sample = read_tile(next((ROOT / "data" / "sample").glob("*.zip")))
    for k in range(TILES):
        name = f"E{32 + k}N34"
        part = sample.isel(point=slice(400 * k, 400 * (k + 1)))
        moved = part.assign_coords(easting=part.easting + 1e5 * k).assign_attrs(tile=name)
        write_tile(moved, folder / sample.attrs["source"].replace("E32N34", name))


def same_study(a, b):
    "Whether the tables and scores of two studies are the same, to the byte; and how many there are."
    def tables(folder):
        found = [f for f in folder.rglob("*.csv") if "history" not in f.name]   # which holds seconds
        return {f.relative_to(folder): f.read_bytes() for f in found}

    one, two = tables(a), tables(b)
    return bool(two) and one == two, len(two)


def same_forecasts(a, b):
    "Whether two products hold the same tables, and how many points."
    from mmstt.product import read_product
    one, two = (pd.DataFrame(read_product(f).drop(columns="geometry")) for f in (a, b))
    return len(two) > 0 and one.equals(two), len(two)


def versions():
    "Which programs this was."
    from importlib.metadata import version
    names = ("mmstt", "snakemake", "snakemake-executor-plugin-slurm")
    slurm = run("sinfo", "--version")[1].split()[-1]
    return {"SLURM": slurm} | {n: version(n) for n in names}


def check_refusal(cluster, command):
    "What our command says on a cluster without accounting; `seconds` until it says so."
    cluster.configure("AccountingStorageType=accounting_storage/none")
    cluster.start("slurmctld", "-D", "-c")
    wait_for(lambda: run("scontrol", "ping", check=False)[0] == 0, "slurmctld")
    start = time.monotonic()
    code, said = run(*command, *SLURM, check=False)
    cluster.stop("slurmctld")
    return code, said.strip().split("\n")[-1], time.monotonic() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", choices=["study", "forecast"], help="one of the two runs")
    chosen = parser.parse_args()
    if os.geteuid(): sys.exit("make cluster: needs root, for the daemons of SLURM")
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit("stopped"))
    if there := [f for f in Cluster.links if f.exists()]:
        sys.exit(f"make cluster: {there[0]} is there: this machine has a SLURM")
    if not all(map(shutil.which, DAEMONS)):
        run("apt-get", "install", "-y", "--no-install-recommends", *PACKAGES)
    shutil.rmtree(BUILD, ignore_errors=True)
    make_tiles(BUILD / "tiles")
    os.environ.update(OMP_NUM_THREADS="1", MPLBACKEND="agg")
    study = [MMSTT, "study", "--config", str(ROOT / "config" / "smoke.yaml"), "--folder"]
    forecast = [MMSTT, "forecast", str(BUILD / "tiles"), "--out-dir"]
    commands = {k: v for k, v in dict(forecast=forecast, study=study).items() if chosen.only in (None, k)}
    lines, begin = [], time.monotonic()

    def log(text):
        lines.append(f"{time.monotonic() - begin:6.0f} s  {text}")
        print(lines[-1], flush=True)

    rows = []
    with tempfile.TemporaryDirectory(prefix="mmstt-cluster-") as d:
        cluster = Cluster(Path(d))
        try:
            cluster.start_base()
            code, said, seconds = check_refusal(cluster, [*forecast, str(BUILD / "refused")])
            log(f"without accounting: exit code {code} after {seconds:.0f} s: {said}")
            refused = code == 1 and "accounting" in said
            cluster.start_slurm()
            about = versions()
            log(f"SLURM {about['SLURM']} with accounting is up")
            for name, command in commands.items():
                log(f"{name}: through SLURM")
                found = disturbed(cluster, [*command, str(BUILD / f"slurm-{name}")], BUILD / f"slurm-{name}", log)
                rows.append(dict(run=name, **found))
        except BaseException:
            leave = shutil.ignore_patterns("mysql", "*.socket*", "*.key", "state", "spool")
            shutil.copytree(d, BUILD / "daemons", ignore=leave, dirs_exist_ok=True)
            raise
        finally: cluster.close()
    log("all daemons stopped")
    for row in rows:
        name = row["run"]
        code, _ = run(*commands[name], str(BUILD / f"here-{name}"), "--cores", "2", check=False)
        same = dict(study=same_study, forecast=same_forecasts)[name]
        same_results, row["count"] = same(BUILD / f"here-{name}", BUILD / f"slurm-{name}")
        row["same"] = code == 0 and same_results
        log(f"{name}: undisturbed, here: exit code {code}; same results: {row['same']} ({row['count']})")
    good = [refused and r["code"] == 0 and r["killed"] and r["stopped"] and r["same"] for r in rows]
    for row, fine in zip(rows, good, strict=True): write_summary(row, lines, about, fine)
    return 0 if all(good) else 1


def write_summary(row, lines, about, good):
    "The log's summary, as Markdown."
    what = dict(study="tables and scores (csv), equal to the byte", forecast="points of six tiles, all columns equal")
    table = pd.DataFrame([{
        "run": row["run"], "exit code": row["code"], "seconds": round(row["seconds"]),
        "job killed (SIGKILL)": row["killed"], "node daemon stopped": row["stopped"],
        "same results as undisturbed": f"{row['same']}: {row['count']} {what[row['run']]}"}])
    states = "; ".join(f"{k} {v}" for k, v in row["states"].items())
    text = [f"# A {row['run']} on a real SLURM", "",
            "Written by `make cluster`: one machine, two nodes, accounting on, two jobs at a time; simulated data. "
            + "; ".join(f"{k} {v}" for k, v in about.items()) + ".", "",
            table.to_markdown(index=False), "",
            f"Jobs by SLURM's own accounting: {states}.", "", "```", *lines, "```", "",
            "All as it should be." if good else "**Not all as it should be.**"]
    out = ROOT / "figures" / "cluster" / f"{row['run']}.md"
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(text).replace(str(BUILD), "build/cluster").replace(str(ROOT), "") + "\n")


if __name__ == "__main__": sys.exit(main())
