"""`python -m bench.secret_guesses`: whether the time of a refusal tells how much of a client's secret was right."""

import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import mean, variance

import click
from authlib.oauth2.rfc6749 import OAuth2Error

from clients import registry
from clients.registry import RegisteredClient
from idp.app import create_app
from idp.oidc import client_authentication
from tests.support.installation import Databases, settings_for
from tests.support.relying_party import register_party

DISTINGUISHABLE = 4.5  # Welch's t


@click.command()
@click.option("--tries", default=2200, show_default=True, help="Guesses of each kind.")
def main(tries: int) -> None:
    """Secrets that are wrong from the first character, and in the last one only, in turn; Welch's t of processor time."""
    with tempfile.TemporaryDirectory(prefix="hopnhat-bench-") as folder:
        app = create_app(settings_for(Databases("sqlite", Path(folder)).fresh()))
        with app.app_context():
            party = register_party()
            client = registry.find_client(party.client_id)
        assert client is not None
        right = party.secret or ""
        guesses = ("#" * len(right), right[:-1] + "#")
        with app.test_request_context("/token", method="POST"):
            taken: dict[str, list[int]] = {guess: [] for guess in guesses}
            for number in range(tries):
                for guess in guesses if number % 2 else reversed(guesses):  # whoever comes second finds warm caches
                    taken[guess].append(_time_of(client, guess))
    first, last = (sorted(times[200:])[: int(tries * 0.8)] for times in taken.values())  # a busy machine is no signal
    apart = (mean(first) - mean(last)) / (variance(first) / len(first) + variance(last) / len(last)) ** 0.5
    click.echo(f"wrong from the first character {mean(first) / 1000:.2f} µs, in the last one only {mean(last) / 1000:.2f} µs, means")
    click.echo(f"Welch's t {apart:+.2f}: {'told apart' if abs(apart) > DISTINGUISHABLE else 'not told apart'}")


def _time_of(client: RegisteredClient, guess: str) -> int:
    begun = time.thread_time_ns()
    with suppress(OAuth2Error):
        client_authentication._require_secret(client, guess)
    return time.thread_time_ns() - begun


if __name__ == "__main__":
    main()
