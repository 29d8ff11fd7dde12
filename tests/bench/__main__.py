"""``make bench``: what our hottest pages cost, beside the least that a signed-in Django app can cost.

No server, no load generator: the floor (``floor/``, a bare app) and Steadyback are called directly, each in its own
process on its own SQLite file, in small batches in turn, so that a busy machine slows both alike. Trust in this order:
SQL statements, Python calls and bytes (they do not vary), then the CPU ratio batch by batch. Milliseconds are of
this machine and this hour. At the end, a server and a browser after all: how soon a phone shows a tick, and how soon a warning sign is on its way to a person. Nothing fails here: the counts are pinned in the tests.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench import alerts, taps, weighing

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


class Target:
    """One application in one process."""

    def __init__(self, name: str, folder: Path, wsgi: str, env: dict[str, str]) -> None:
        self.name = name
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(HERE / "worker.py"), wsgi],
            cwd=folder,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, **job: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("@@"):
                answer: dict[str, Any] = json.loads(line[2:])
                if "error" in answer:
                    sys.exit(f"{self.name} / {job['name']}: {answer['error']}")
                return answer
        sys.exit(f"{self.name}: stopped while it measured {job['name']}")

    def close(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(10)


def manage(folder: Path, env: dict[str, str], *command: str) -> str:
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command], cwd=folder, env=env, check=True, stdout=subprocess.PIPE, text=True
    ).stdout


def floor(var: Path, base: dict[str, str]) -> tuple[Target, list[dict[str, Any]]]:
    env = {**base, "FLOOR_SQLITE": str(var / "floor.sqlite3"), "FLOOR_STATIC": str(var / "floor-static")}
    folder = HERE / "floor"
    manage(folder, env, "manage.py", "migrate", "-v0")
    manage(folder, env, "manage.py", "collectstatic", "--noinput", "-v0")
    cookies = json.loads(manage(folder, env, "manage.py", "floor_seed"))
    headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    form = {**headers, "Content-Type": "application/x-www-form-urlencoded", "X-CSRFToken": cookies["csrftoken"]}
    return Target("floor", folder, "floor.wsgi", env), [
        {"name": "page", "requests": [{"method": "GET", "path": "/page/", "headers": headers}]},
        {
            "name": "entry",
            "requests": [{"method": "POST", "path": "/entry/", "headers": form, "body": "value=7"}],
            "forget": ["bare_entry"],
        },
    ]


def surroundings(var: Path, base: dict[str, str]) -> dict[str, str]:
    return {
        **base,
        "STEADYBACK_MODE": "embedded",
        "STEADYBACK_VAR": str(var),
        "STEADYBACK_ENV_FILE": os.devnull,
        "DJANGO_SETTINGS_MODULE": "rehab.settings",
        "LOG_LEVEL": "WARNING",
    }


def product(env: dict[str, str]) -> tuple[Target, list[dict[str, Any]]]:
    for command in (("migrate", "-v0"), ("collectstatic", "--noinput", "-v0"), ("load_library",)):
        manage(ROOT, env, "manage.py", *command)
    endpoints = json.loads(manage(ROOT, env, "-m", "tests.bench.data").splitlines()[-1])
    return Target("steadyback", ROOT, "rehab.wsgi", env), endpoints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="batches in turn")
    parser.add_argument("--batch", type=int, default=10, help="calls in a batch")
    options = parser.parse_args()
    started = time.monotonic()
    base = {"PATH": os.environ.get("PATH", ""), "HOME": os.environ.get("HOME", "")}
    with tempfile.TemporaryDirectory(prefix="steadyback-bench-") as folder:
        print("Preparing: two databases, 1,111 dogs …", flush=True)
        env = surroundings(Path(folder), base)
        targets = [floor(Path(folder), base), product(env)]
        jobs = [(target, {"expect": 200, "forget": [], **e}) for target, endpoints in targets for e in endpoints]
        counts = {job["name"]: target.ask(do="count", **job) for target, job in jobs}
        cpu: dict[str, list[float]] = {job["name"]: [] for _, job in jobs}
        for turn in range(options.rounds):
            for target, job in jobs if turn % 2 == 0 else reversed(jobs):
                n = max(2, options.batch // job.get("weight", 1))
                cpu[job["name"]].append(target.ask(do="time", n=n, **job)["cpu_ms"])
        for target, _ in targets:
            target.close()
        [today] = [job["requests"][0] for _, job in jobs if job["name"] == "today"]
        in_browser = taps.measured(env, path=today["path"], cookies=today["headers"]["Cookie"])
        alerted = alerts.measured(env)
        weighed = weighing.measured(env)
    print(
        f"\n{'':<26}{'SQL':>4}{'goal':>6}{'tx':>4}{'calls':>9}{'gzip B':>8}{'goal':>8}{'CPU ms':>9}{'x floor':>9}{'goal':>7}  range of x"
    )
    for _, job in jobs:
        name, seen, like = job["name"], counts[job["name"]], job.get("like")
        ratios = sorted(a / b for a, b in zip(cpu[name], cpu[like], strict=True)) if like else []
        print(
            f"{job.get('title', 'floor: ' + name):<26}{seen['sql']:>4}{job.get('goal_sql', ''):>6}{seen['tx']:>4}"
            f"{seen['calls']:>9,}{seen['gzip']:>8,}{job.get('goal_gzip', ''):>8}{statistics.median(cpu[name]):>9.2f}"
            + (
                f"{statistics.median(ratios):>8.2f}x{job['goal_cpu']:>7}  of {like}, "
                f"{ratios[len(ratios) // 10]:.2f}-{ratios[-1 - len(ratios) // 10]:.2f}"
                if like
                else ""
            )
        )
    print(f"\n{in_browser}")
    print(alerted)
    print(weighed)
    print(f"\n{options.rounds} rounds of {options.batch} calls in {time.monotonic() - started:.0f} s.")


if __name__ == "__main__":
    main()
