"""Rules of reading the seed files of hardware tokens."""

import base64

import pytest

from idp.credentials.seed_files import Seed, SeedFileMistaken, read_seeds

SECRET = bytes.fromhex("3132333435363738393031323334353637383930")
HEX, BASE32 = SECRET.hex(), base64.b32encode(SECRET).decode()
# RFC 6030 §5 (figure 3), with the parameters of TOTP.
PSKC = """<?xml version="1.0" encoding="UTF-8"?>
<KeyContainer Version="1.0" Id="exampleID1" xmlns="urn:ietf:params:xml:ns:keyprov:pskc">
 <KeyPackage>
  <DeviceInfo><Manufacturer>Manufacturer</Manufacturer><SerialNo>987-654 321</SerialNo></DeviceInfo>
  <Key Id="12345678" Algorithm="urn:ietf:params:xml:ns:keyprov:pskc:totp">
   <AlgorithmParameters>{suite}<ResponseFormat Length="8" Encoding="DECIMAL"/></AlgorithmParameters>
   <Data><Secret>{secret}</Secret><Time><PlainValue>0</PlainValue></Time><TimeInterval><PlainValue>60</PlainValue></TimeInterval></Data>
  </Key>
 </KeyPackage>
</KeyContainer>"""
PLAIN = f"<PlainValue>{base64.b64encode(SECRET).decode()}</PlainValue>"


@pytest.mark.parametrize(
    "written",
    [
        f"2600123456789,{HEX},6,30",
        f"2600123456789,{HEX.upper()}",
        f"2600-1234 56789;{BASE32.lower()};6;30;SHA1\r\n\r\n",
        f"\ufeffserial,secret,digits,period\n2600123456789,{HEX},6,30\n",
        f"Secret\tPeriod\tSerial\n{HEX}\t30\t2600123456789",
    ],
)
def test_a_csv_file_is_read_as_vendors_write_it(written: str) -> None:
    assert read_seeds(written.encode()) == [Seed("2600123456789", SECRET)]


def test_pskc_is_read_with_its_parameters() -> None:
    [seed] = read_seeds(PSKC.format(secret=PLAIN, suite="<Suite>HMAC-SHA256</Suite>").encode())
    assert seed == Seed("987654321", SECRET, 8, 60, "sha256")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no token"),
        (b"\xff\xfe\x00", "neither UTF-8"),
        (f"1,{HEX},7,30".encode(), "line 1: digits"),
        (f"1,{HEX},6,45".encode(), "line 1: period"),
        (f"1,{HEX},six,30".encode(), "line 1: a number"),
        (f"1,{HEX},6,30,md5".encode(), "line 1: algorithm"),
        (f",{HEX}".encode(), "line 1: serial"),
        (b"1,3132333435", "line 1: secret"),
        (b"1,not a secret!", "line 1: the secret"),
        (b"1,ABCDEF234567ABCDEF234567ABCDEF", "could be either"),
        (f"1,{HEX}\n2,{HEX}\n1,{HEX}".encode(), "serial 1 is in the file more than once"),
        (b"<KeyContainer>", "well-formed"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><KeyContainer>&a;</KeyContainer>', "document type"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><KeyContainer>&a;</KeyContainer>'.encode("utf-16-le"), "document type"),
        (f'1,"{HEX}{" " * 200_000}'.encode(), "no CSV"),
        (PSKC.format(secret="<EncryptedValue/>", suite="").encode(), "encrypted"),
        (PSKC.format(secret="<PlainValue>***</PlainValue>", suite="").encode(), "base64"),
        (PSKC.format(secret=PLAIN, suite="").replace("pskc:totp", "pskc:hotp").encode(), "not a TOTP key"),
    ],
)
def test_a_file_with_a_mistake_is_refused_as_a_whole_and_says_where_but_not_the_secret(content: bytes, said: str) -> None:
    with pytest.raises(SeedFileMistaken, match=said) as mistaken:
        read_seeds(content)
    assert HEX not in str(mistaken.value)


def test_a_seed_does_not_show_its_secret() -> None:
    assert "12345" not in repr(Seed("1", SECRET)).replace("Seed('1'", "")
