"""Rules of public keys that others hand us: strong, public, and what they say they are (RFC 7517, RFC 8725 §3.3)."""

import base64
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from idp.public_keys import KeyNotSupported, KeyRefused, import_key_set, import_public_key, same_key, told_of
from tests.support.certificates import certify


def number(value: int, length: int | None = None) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(length or (value.bit_length() + 7) // 8, "big")).rstrip(b"=").decode()


EC: dict[str, Any] = dict(ECKey.generate_key("P-256").as_dict(private=False))
RSA: dict[str, Any] = dict(RSAKey.generate_key(2048).as_dict(private=False))
GOOD = [
    EC, RSA, dict(ECKey.generate_key("P-384").as_dict(private=False)), dict(ECKey.generate_key("P-521").as_dict(private=False)),
    dict(OKPKey.generate_key("Ed25519").as_dict(private=False)), dict(OKPKey.generate_key("X25519").as_dict(private=False)),
]  # fmt: skip


@pytest.mark.parametrize("jwk", GOOD)
def test_a_strong_key_is_taken_and_told_again_without_what_we_do_not_know(jwk: dict[str, Any]) -> None:
    told = told_of(import_public_key({**jwk, "kid": "k", "use": "sig", "evil": {"x": 1}}))
    assert told == {**jwk, "kid": "k", "use": "sig"}


def weak_rsa() -> dict[str, Any]:
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    return {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}


def of_low_order() -> list[dict[str, Any]]:
    p = 2**255 - 19
    points = [0, 1, p - 1, p, p + 1, 2**255, 2**255 + 1]
    raw = [point.to_bytes(32, "little") for point in points] + [
        bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85")
    ]
    return [{"kty": "OKP", "crv": crv, "x": base64.urlsafe_b64encode(x).decode()} for x in raw for crv in ("Ed25519", "X25519")]


BAD: list[object] = [
    None, [], "x", 5, {}, {"kty": 5}, {"kty": "EC"}, weak_rsa(), {**RSA, "e": "AQ"}, {**RSA, "e": "Aw"}, {**RSA, "e": number(65536)}, {**RSA, "e": number(2**32 + 1)}, {**RSA, "e": number(2**2000 + 1)}, {**RSA, "n": number(1 << 2047)},
    {**RSA, "n": number((1 << 9000) + 1)}, {**RSA, "n": "é"}, {**RSA, "n": 5}, {**RSA, "d": "x"}, {**EC, "d": EC["x"]}, dict(OctKey.generate_key(256).as_dict()),
    {**EC, "x": EC["y"], "y": EC["x"]}, {**EC, "x": "AA"}, {**EC, "x": EC["x"] + "AAAA"}, {**EC, "crv": "P-384"}, {**EC, "x": number(0, 32), "y": number(0, 32)},
    {**EC, "kid": "k" * 256}, {**EC, "kid": 5}, {**EC, "key_ops": "verify"}, {**EC, "key_ops": [5]}, {**EC, "x5c": "x"}, {**EC, "x5c": ["x"]}, {**EC, "x5c": []},
    {**EC, "x5c": [base64.b64encode(certify("CN=x").pem).decode()]}, *of_low_order(),
]  # fmt: skip


def test_a_weak_wrong_or_private_key_is_refused() -> None:
    """JOS-003."""
    for jwk in BAD:
        with pytest.raises(KeyRefused):
            assert import_public_key(jwk) is None, jwk


@pytest.mark.parametrize(
    "more", [{"kty": "AKP"}, {"kty": "EC", "crv": "secp256k1"}, {"kty": "OKP", "crv": "Ed448", "x": "x"}, {"use": "other"}]
)
def test_a_key_that_we_have_no_use_for_is_passed_over(more: dict[str, Any]) -> None:
    with pytest.raises(KeyNotSupported):
        import_public_key({**EC, **more})
    assert [told_of(key) for key in import_key_set({"keys": [{**EC, **more}, EC]}, strict=True)] == [EC]


def test_of_published_keys_bad_ones_are_passed_over_at_registration_they_are_refused() -> None:
    assert len(import_key_set({"keys": [weak_rsa(), EC]}, strict=False)) == 1
    sets: list[Any] = [{"keys": [weak_rsa(), EC]}, {"keys": "x"}, {}, [], None, {"keys": [EC] * 21}]
    for jwks in sets:
        with pytest.raises(KeyRefused):
            import_key_set(jwks, strict=True)


def test_a_certificate_is_of_one_key() -> None:
    one, other = certify("CN=a"), certify("CN=a")
    key = ECKey.import_key(one.key.public_key())
    assert same_key(key, one.certificate)
    assert not same_key(key, other.certificate)


def test_a_certificate_of_a_kind_that_nobody_knows_is_refused_and_breaks_nothing() -> None:
    der = certify("CN=x").certificate.public_bytes(Encoding.DER)
    odd_key, odd_version = (
        der.replace(b"\x2a\x86\x48\xce\x3d\x02\x01", b"\x2a\x86\x48\xce\x3d\x02\x77"),
        der.replace(b"\x02\x01\x02", b"\x02\x01\x07", 1),
    )
    for odd in (odd_key, odd_version):
        assert odd != der
        with pytest.raises(KeyRefused):
            import_public_key({**EC, "x5c": [base64.b64encode(odd).decode()]})
