"""`make bench`: what one single sign-on costs the servers, ours beside node oidc-provider's, in one run."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import click

from bench import contestants, processor_time
from bench.contestants import HERE, NODE, SCOPE, Target

STORES = ("sqlite", "postgresql")
OURS, PEER = "hopnhat", "oidc-provider"
CONTESTANTS: dict[str, Callable[[Path, str], AbstractContextManager[Target]]] = {OURS: contestants.hopnhat, PEER: contestants.oidc_provider}


def _flows(target: Target, concurrency: int, seconds: float) -> dict[str, Any]:
    """Run the load against a target; return its report with the servers' processor milliseconds a flow."""
    order: dict[str, Any] = {"base": target.base, "client": target.client, "scope": SCOPE, "cookies": target.cookies}
    order |= {"concurrency": concurrency, "seconds": seconds}
    before = processor_time.used_seconds(target.pids)
    done = subprocess.run([NODE, str(HERE / "flow.mjs")], input=json.dumps(order), capture_output=True, text=True, check=False)
    used = processor_time.used_seconds(target.pids) - before
    if done.returncode != 0:
        raise click.ClickException(f"the load failed against {target.base}: {done.stderr.strip()[-500:]}")
    report: dict[str, Any] = json.loads(done.stdout)
    if not report["flows"] or report["errors"]:
        raise click.ClickException(f"{report['errors']} flows of {target.base} failed: {report['first_error']}")
    return {**report, "cpu_ms": used * 1000 / report["flows"], "rss": processor_time.resident_mebibytes(target.pids)}


def _measure(name: str, store: str, concurrency: int, seconds: float, warm_up: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # PostgreSQL runs as somebody else
        with CONTESTANTS[name](place, store) as target:
            _flows(target, concurrency, warm_up)
            return {"name": name, "store": store, **_flows(target, concurrency, seconds)}


def _table(measured: list[dict[str, Any]]) -> str:
    lines = ["| database | hopnhat | oidc-provider | ratio | flows/s | p99 ms | MiB |", "|---|---|---|---|---|---|---|"]
    for store in STORES:
        of = {name: [one for one in measured if one["name"] == name and one["store"] == store] for name in CONTESTANTS}
        if not all(of.values()):
            continue

        def median(what: str, of: dict[str, list[dict[str, Any]]] = of) -> tuple[float, float]:
            ours, theirs = (statistics.median(one[what] for one in of[name]) for name in (OURS, PEER))
            return ours, theirs

        (ours, theirs), speed, slowest, memory = median("cpu_ms"), median("per_second"), median("p99"), median("rss")
        beside = [f"{a:.0f} / {b:.0f}" for a, b in (speed, slowest, memory)]
        lines.append(f"| {store} | {ours:.2f} ms | {theirs:.2f} ms | **{ours / theirs:.2f}** | " + " | ".join(beside) + " |")
    return "\n".join(lines)


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each contestant is started and measured.")
@click.option("--seconds", default=4.0, show_default=True, help="How long one measurement takes, in seconds.")
@click.option("--warm-up", default=2.0, show_default=True, help="Load before each measurement, in seconds.")
@click.option("--concurrency", default=8, show_default=True, help="How many browsers sign on at once.")
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
def main(rounds: int, seconds: float, warm_up: float, concurrency: int, stores: tuple[str, ...]) -> None:
    """Measure processor milliseconds (user and system, databases included) of authorize → token → userinfo."""
    contestants.install_peer()
    measured = []
    for turn in range(1, rounds + 1):
        for store in stores:
            for name in CONTESTANTS:
                one = _measure(name, store, concurrency, seconds, warm_up)
                measured.append({**one, "per_second": one["flows"] / one["seconds"]})
                told = f"{one['cpu_ms']:.2f} ms a flow, {one['flows']} flows, all answers checked"
                click.echo(f"round {turn}/{rounds}: {name} on {store}: {told}", err=True)
    click.echo(f"Processor time of one single sign-on, {concurrency} at once, medians of {rounds} rounds (ours / peer):\n")
    click.echo(_table(measured))


if __name__ == "__main__":
    main()
