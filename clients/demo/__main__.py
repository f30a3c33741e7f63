"""Runs one of the two applications: `python -m clients.demo van-ban`; its client id and secret come from the environment."""

import logging
from urllib.parse import urlsplit

import click
from werkzeug.serving import make_server

from clients.demo.application import create_application
from clients.demo.relying_party import LOOKS, RelyingParty


@click.command()
@click.argument("application", type=click.Choice(sorted(LOOKS)))
@click.option("--port", type=int, required=True, help="Port of 127.0.0.1 to listen on.")
@click.option("--issuer", required=True, help="Issuer URL of the provider.")
@click.option("--client-id", envvar="DEMO_CLIENT_ID", required=True, help="Client id of this application.")
@click.option("--client-secret", envvar="DEMO_CLIENT_SECRET", required=True, help="Its secret; better given by the environment.")
@click.option("--neighbour-name", help="Name of the other application, for a link.")
@click.option("--neighbour-url", help="Address of the other application.")
def main(
    application: str, port: int, issuer: str, client_id: str, client_secret: str, neighbour_name: str | None, neighbour_url: str | None
) -> None:
    """Serve one application on loopback until it is stopped. One process: who is signed in is kept in its memory."""
    serve(RelyingParty(LOOKS[application], f"http://127.0.0.1:{port}", issuer, client_id, client_secret, neighbour_name, neighbour_url))


def serve(party: RelyingParty) -> None:
    """Serve an application at its own address."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s", force=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # its request lines would hold authorization codes
    place = urlsplit(party.base_url)
    assert place.hostname
    assert place.port
    make_server(place.hostname, place.port, create_application(party), threaded=True).serve_forever()


if __name__ == "__main__":
    main()
