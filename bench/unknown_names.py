"""`python -m bench.unknown_names`: whether the time of a refusal tells who exists. Known and unknown names in turn, wrong passwords."""

import crypt
import math
import random
import statistics
import tempfile
from pathlib import Path

import click

from bench.sign_in import PEOPLE, Browser, serving
from tests.support.bind_directory import PASSWORD

DISTINGUISHABLE = 2.58  # standard deviations: 1 in 100 by chance


def _deviations(one: list[float], other: list[float]) -> float:
    """Mann-Whitney's U as standard deviations from chance: it asks only which came later, so that outliers do not matter."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    return (ranks - n * (n + 1) / 2 - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


@click.command()
@click.option("--tries", default=400, show_default=True, help="Wrong passwords of each kind.")
@click.option(
    "--slow-hash", is_flag=True, help="People's passwords are hashed with 100,000 rounds of SHA-512, so that a comparison takes time."
)
def main(tries: int, slow_hash: bool) -> None:
    """Time from sending the form to the answer."""
    took: dict[bool, list[float]] = {True: [], False: []}
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as folder:
        Path(folder).chmod(0o755)
        with serving(Path(folder), "sqlite", stored_password=_slow("right") if slow_hash else PASSWORD, locks_after=1000) as (
            port,
            _,
            _,
            _,
        ):
            order = [True, False] * (tries + 30)
            random.shuffle(order)
            for number, known in enumerate(order):
                browser = Browser(port, number)
                url, token = browser.opens()
                name = f"vmsinh{number % PEOPLE}" if known else f"nobody{number}"
                status, seconds = browser.sends(url, token, name, "wrong")
                browser.close()
                if status == 400 and number > 60:
                    took[known].append(seconds)
    told = {known: statistics.median(seconds) * 1000 for known, seconds in took.items()}
    apart = _deviations(took[True], took[False])
    click.echo(f"known {told[True]:.2f} ms ({len(took[True])}), unknown {told[False]:.2f} ms ({len(took[False])}), medians")
    click.echo(f"{apart:+.2f} standard deviations apart: {'told apart' if abs(apart) > DISTINGUISHABLE else 'not told apart'}")


def _slow(password: str) -> str:
    salt = "$6$rounds=100000$hagiang0$"
    return f"{{CRYPT}}{crypt.crypt(password, salt)}"


if __name__ == "__main__":
    main()
