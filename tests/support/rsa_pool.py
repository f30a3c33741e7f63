"""RSA keys for tests: real ones, each used by many tests.

Making one takes 50 to 300 ms, and nearly every test of the protocol has an installation of its own that wants some.
"""

from itertools import cycle

from cryptography.hazmat.primitives.asymmetric import rsa

SIZE = 16  # more than any test makes: within one test no two are the same


def draw_rsa_keys_from_a_pool() -> None:
    """From now on `rsa.generate_private_key` gives each of the first keys of a size again and again."""
    make, made, turns = rsa.generate_private_key, dict[tuple[int, int], dict[int, rsa.RSAPrivateKey]](), cycle(range(SIZE))

    def draw(public_exponent: int, key_size: int, backend: object = None) -> rsa.RSAPrivateKey:
        kept, turn = made.setdefault((public_exponent, key_size), {}), next(turns)
        if turn not in kept:
            kept[turn] = make(public_exponent, key_size)
        return kept[turn]

    rsa.generate_private_key = draw
