"""`make bench`: what one single sign-on and its relatives cost the servers, ours beside node oidc-provider's, in one run."""

import json
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import product
from pathlib import Path
from typing import Any

import click

from bench import contestants, processor_time
from bench.contestants import HERE, NODE, SCOPE, Target

STORES = ("sqlite", "postgresql")
DEEDS = ("sign_on", "refresh", "introspection", "client_credentials")
OURS, PEER = "hopnhat", "oidc-provider"
CONTESTANTS: dict[str, Callable[[Path, str], AbstractContextManager[Target]]] = {OURS: contestants.hopnhat, PEER: contestants.oidc_provider}


def _load(target: Target, deed: str, concurrency: int, seconds: float) -> dict[str, Any]:
    """Run the load against a target; return its report with the servers' processor milliseconds a deed."""
    order: dict[str, Any] = {"base": target.base, "client": target.client, "scope": SCOPE, "lasting_scope": target.lasting_scope}
    order |= {"cookies": target.cookies, "deed": deed, "concurrency": concurrency, "seconds": seconds}
    with subprocess.Popen([NODE, str(HERE / "flow.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        process.stdin.write(json.dumps(order))
        process.stdin.close()
        process.stdout.readline()  # "prepared"
        before = processor_time.used_seconds(target.pids)
        told = process.stdout.read()
        used = processor_time.used_seconds(target.pids) - before
    if process.returncode != 0:
        raise click.ClickException(f"the load ({deed}) failed against {target.base}")
    report: dict[str, Any] = json.loads(told)
    if not report["flows"] or report["errors"]:
        raise click.ClickException(f"{report['errors']} times {deed} at {target.base} failed: {report['first_error']}")
    return {**report, "cpu_ms": used * 1000 / report["flows"], "rss": processor_time.resident_mebibytes(target.pids)}


def _measure(name: str, store: str, deeds: Sequence[str], concurrency: int, seconds: float, warm_up: float) -> Iterator[dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as folder:
        place = Path(folder)
        place.chmod(0o755)  # PostgreSQL runs as somebody else
        with CONTESTANTS[name](place, store) as target:
            _load(target, "sign_on", concurrency, warm_up)
            for deed in deeds:
                one = _load(target, deed, concurrency, seconds)
                yield {"name": name, "store": store, "deed": deed, **one, "per_second": one["flows"] / one["seconds"]}


def _table(measured: list[dict[str, Any]]) -> str:
    lines = ["| database | deed | hopnhat | oidc-provider | ratio | deeds/s | p99 ms | MiB |", "|---|---|---|---|---|---|---|---|"]
    for store, deed in product(STORES, DEEDS):
        of = {name: [one for one in measured if (one["name"], one["store"], one["deed"]) == (name, store, deed)] for name in CONTESTANTS}
        if not all(of.values()):
            continue

        def median(what: str, of: dict[str, list[dict[str, Any]]] = of) -> tuple[float, float]:
            ours, theirs = (statistics.median(one[what] for one in of[name]) for name in (OURS, PEER))
            return ours, theirs

        (ours, theirs), speed, slowest, memory = median("cpu_ms"), median("per_second"), median("p99"), median("rss")
        beside = [f"{a:.0f} / {b:.0f}" for a, b in (speed, slowest, memory)]
        lines.append(f"| {store} | {deed} | {ours:.2f} ms | {theirs:.2f} ms | **{ours / theirs:.2f}** | " + " | ".join(beside) + " |")
    return "\n".join(lines)


@click.command()
@click.option("--rounds", default=3, show_default=True, help="How often each contestant is started and measured.")
@click.option("--seconds", default=4.0, show_default=True, help="How long one measurement takes, in seconds.")
@click.option("--warm-up", default=2.0, show_default=True, help="Load before each measurement, in seconds.")
@click.option("--concurrency", default=8, show_default=True, help="How many browsers sign on at once.")
@click.option("--store", "stores", multiple=True, type=click.Choice(STORES), default=STORES, help="Only on this database.")
@click.option("--deed", "deeds", multiple=True, type=click.Choice(DEEDS), default=DEEDS, help="Only this deed.")
def main(rounds: int, seconds: float, warm_up: float, concurrency: int, stores: tuple[str, ...], deeds: tuple[str, ...]) -> None:
    """Measure processor milliseconds (user and system, databases included) of single sign-on (authorize → token → userinfo), of a
    refreshed token, of a token looked at, and of a client's own token."""
    contestants.install_peer()
    measured = []
    for turn, store, name in product(range(1, rounds + 1), stores, CONTESTANTS):
        for one in _measure(name, store, deeds, concurrency, seconds, warm_up):
            measured.append(one)
            told = f"{one['cpu_ms']:.2f} ms, {one['flows']} times, all answers checked"
            click.echo(f"round {turn}/{rounds}: {name} on {store}: {one['deed']} {told}", err=True)
    click.echo(f"Processor time of one deed, {concurrency} at once, medians of {rounds} rounds (ours / peer):\n")
    click.echo(_table(measured))


if __name__ == "__main__":
    main()
