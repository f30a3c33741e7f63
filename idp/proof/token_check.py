"""An ID token that somebody pasted, read and judged as the application should: nothing of it is kept, and nobody is looked up by it."""

import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask_babel import gettext as _

from clients.registry import RegisteredClient
from idp import clock
from idp.compact_jws import SignatureWrong, SignedJwt, UnreadableJwt, header_of, read, seconds_of, verify
from idp.oidc import signing_keys
from idp.oidc.signing_keys import LoadedKey
from idp.sessions import assurance
from idp.settings import current_settings
from idp.web.formats import format_time

LARGEST = 16 * 1024  # characters
GOOD, BAD, MIND = "ok", "bad", "warn"
SKEW_SECONDS = 60
TYPES = {"logout+jwt", "at+jwt", "token-introspection+jwt", "oauth-authz-req+jwt", "dpop+jwt"}


@dataclass(frozen=True)
class Judged:
    """One thing that an application checks: `name` as the specification has it, `kind` ok, bad or warn, and a sentence."""

    name: str
    kind: str
    words: str


@dataclass(frozen=True)
class TokenRead:
    """What a pasted token holds, and what is wrong with it. `header` and `claims` as JSON text, None where it cannot be read."""

    judged: tuple[Judged, ...]
    header: str | None = field(default=None, repr=False)
    claims: str | None = field(default=None, repr=False)

    @property
    def is_good(self) -> bool:
        """Whether the application may take it."""
        return all(one.kind != BAD for one in self.judged)


def judge(written: str, client: RegisteredClient, nonce: str = "") -> TokenRead:
    """What this application should make of it; `nonce`: the one that it sent, where that is known."""
    written = "".join(written.split())
    broken = _form(written)
    if broken is not None:
        return TokenRead((Judged("JWT", BAD, broken),), _header_alone(written))
    try:
        token = read(written, LARGEST)
        judged = (*_signature(token, client), *_claims(token, client, nonce))
    except UnreadableJwt:
        words = _("Không đọc được: phần đầu hoặc phần nội dung không phải JSON đúng quy cách. Có thể bị cắt khi chép.")
        return TokenRead((Judged("JWT", BAD, words),), _header_alone(written))
    return TokenRead(judged, _pretty(token.header), _pretty(token.claims))


def _form(written: str) -> str | None:
    """What is wrong with the form of it, if anything."""
    dots = written.count(".")
    if len(written) > LARGEST:
        return _("Dài quá mức của một ID token. Chỉ dán phần id_token.")
    if dots == 4:
        return _("Đây là token đã mã hóa (JWE): chỉ ứng dụng, với khóa riêng của mình, mở được. Dán token sau khi ứng dụng đã mở.")
    if dots != 2:
        return _(
            "Một ID token có ba phần cách nhau bằng dấu chấm; ở đây có %(number)s. Mã truy cập (access token) không xem được ở đây.",
            number=dots + 1,
        )
    if written.endswith("."):
        return _("Token không có chữ ký (alg “none”). Hệ thống này không bao giờ cấp token như vậy; ứng dụng phải từ chối.")
    return None


def _header_alone(written: str) -> str | None:
    try:
        return _pretty(header_of(written)) if len(written) <= LARGEST else None
    except UnreadableJwt:
        return None


def _pretty(part: dict[str, Any]) -> str:
    return json.dumps(part, ensure_ascii=False, indent=2)


def _signature(token: SignedJwt, client: RegisteredClient) -> list[Judged]:
    alg, kid, typ = token.alg, token.header.get("kid"), token.header.get("typ")
    told = []
    if typ in TYPES:
        told.append(Judged("typ", BAD, _("Loại “%(typ)s”: không phải ID token. Ứng dụng không được nhận nó thay ID token.", typ=typ)))
    wanted = client.id_token_signed_response_alg
    if alg == wanted:
        told.append(Judged("alg", GOOD, _("%(alg)s, đúng như đã đăng ký.", alg=alg)))
    else:
        told.append(Judged("alg", BAD, _("%(alg)s, còn ứng dụng đăng ký %(wanted)s. Ứng dụng phải từ chối.", alg=alg[:40], wanted=wanted)))
    known = signing_keys.keys()
    key = next((one for one in known if one.kid == kid), None)
    return [*told, _key(key, kid), _signed(token, key)]


def _key(key: LoadedKey | None, kid: object) -> Judged:
    if key is None:
        return Judged(
            "kid", BAD,
            _("Khóa “%(kid)s” không phải của hệ thống này: token do nơi khác cấp, hoặc khóa đã bị thu hồi.", kid=str(kid)[:80])
            if kid is not None else _("Không nói khóa nào (kid). Hệ thống này luôn nói."),
        )  # fmt: skip
    if not key.is_published_at(clock.now()):
        return Judged("kid", MIND, _("Khóa cũ, không còn công bố tại /jwks: ứng dụng không kiểm được chữ ký này nữa."))
    return Judged("kid", GOOD, _("Khóa đang công bố tại /jwks. Ứng dụng báo không tìm thấy khóa: nó giữ bản cũ, hãy cho tải lại."))


def _signed(token: SignedJwt, key: LoadedKey | None) -> Judged:
    if key is None:
        return Judged("signature", BAD, _("Không kiểm được, vì không có khóa."))
    try:
        verify(token, [key.key], [token.alg] if token.alg in signing_keys.SIGNING_NAMES else [])
    except SignatureWrong:
        return Judged("signature", BAD, _("Sai: nội dung đã bị sửa, bị cắt khi chép, hoặc không do khóa này ký."))
    return Judged("signature", GOOD, _("Đúng: do hệ thống này ký và chưa bị sửa."))


def _claims(token: SignedJwt, client: RegisteredClient, nonce: str) -> list[Judged]:
    claims = token.claims
    return [_issuer(claims), *_audience(claims, client), *_times(claims), _nonce(claims, nonce), *_person(claims, client)]


def _issuer(claims: dict[str, Any]) -> Judged:
    issuer, told = current_settings().issuer, claims.get("iss")
    if told == issuer:
        return Judged("iss", GOOD, _("Đúng hệ thống này."))
    near = isinstance(told, str) and told.rstrip("/") == issuer.rstrip("/")
    words = _("Chỉ khác dấu gạch chéo ở cuối; phải giống hệt “%(issuer)s”.", issuer=issuer) if near else ""
    return Judged("iss", BAD, words or _("“%(told)s”, còn địa chỉ của hệ thống này là “%(issuer)s”.", told=str(told)[:200], issuer=issuer))


def _audience(claims: dict[str, Any], client: RegisteredClient) -> list[Judged]:
    told = claims.get("aud")
    several = told if isinstance(told, list) else [told]
    if client.client_id not in several:
        words = _("Token cấp cho “%(told)s”, không phải cho ứng dụng này (“%(client_id)s”). Ứng dụng phải từ chối.",
                  told=", ".join(map(str, several))[:200], client_id=client.client_id)  # fmt: skip
        return [Judged("aud", BAD, words)]
    judged = [Judged("aud", GOOD, _("Đúng ứng dụng này."))]
    if claims.get("azp") not in (None, client.client_id):
        judged.append(Judged("azp", BAD, _("Bên được cấp (azp) là ứng dụng khác.")))
    return judged


def _times(claims: dict[str, Any]) -> list[Judged]:
    now = clock.now().timestamp()
    ends, made = seconds_of(claims, "exp"), seconds_of(claims, "iat")
    judged = []
    if ends is None:
        judged.append(Judged("exp", BAD, _("Không có hạn dùng.")))
    elif ends <= now:
        minutes = int((now - ends) // 60)
        judged.append(
            Judged(
                "exp",
                BAD,
                _(
                    "Đã hết hạn lúc %(time)s, %(minutes)s phút trước. Chỉ dùng ID token ngay sau khi nhận.",
                    time=_time(ends),
                    minutes=minutes,
                ),
            )
        )
    else:
        judged.append(Judged("exp", GOOD, _("Còn hạn đến %(time)s.", time=_time(ends))))
    if made is None:
        judged.append(Judged("iat", BAD, _("Không nói cấp lúc nào.")))
    elif made > now + SKEW_SECONDS:
        judged.append(Judged("iat", BAD, _("Cấp lúc %(time)s, ở tương lai: đồng hồ của một máy chủ sai.", time=_time(made))))
    else:
        judged.append(Judged("iat", GOOD, _("Cấp lúc %(time)s.", time=_time(made))))
    return judged


def _time(seconds: float) -> str:
    try:
        return format_time(datetime.fromtimestamp(seconds, clock.now().tzinfo))
    except (ValueError, OverflowError, OSError):
        return str(int(seconds))


def _nonce(claims: dict[str, Any], sent: str) -> Judged:
    told = claims.get("nonce")
    if not sent:
        if told is None:
            return Judged("nonce", MIND, _("Không có: ứng dụng không gửi nonce. Nên gửi, để token của lượt khác không dùng lại được."))
        return Judged("nonce", GOOD, _("Có. Ứng dụng phải so với giá trị đã gửi; điền giá trị đó ở trên để so tại đây."))
    if not isinstance(told, str) or not hmac.compare_digest(told.encode("utf-8", "replace"), sent.encode("utf-8", "replace")):
        return Judged("nonce", BAD, _("Không khớp với giá trị đã gửi: token thuộc lượt đăng nhập khác, hoặc ứng dụng giữ nhầm nonce."))
    return Judged("nonce", GOOD, _("Khớp với giá trị đã gửi."))


def _person(claims: dict[str, Any], client: RegisteredClient) -> list[Judged]:
    subject, acr = claims.get("sub"), claims.get("acr")
    judged = []
    if not isinstance(subject, str) or not subject:
        judged.append(Judged("sub", BAD, _("Không nói về ai.")))
    else:
        judged.append(Judged("sub", GOOD, _("Có. Ứng dụng nhận ra người bằng giá trị này, không bằng tên hay thư điện tử.")))
    if isinstance(acr, str) and not assurance.is_enough(acr, client.minimum_acr):
        judged.append(
            Judged("acr", BAD, _("“%(acr)s” thấp hơn mức tối thiểu của ứng dụng (“%(wanted)s”).", acr=acr[:60], wanted=client.minimum_acr))
        )
    return judged
