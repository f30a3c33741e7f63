"""What this application asks of the provider, through Authlib's client: who signed in, fresh tokens, and the way out."""

import time
from dataclasses import replace
from typing import Any, cast

import requests
from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import OAuth
from flask import Flask, request
from joserfc.errors import JoseError
from werkzeug.wrappers import Response

from clients.demo.local_sessions import LIFETIME_SECONDS, LocalSession
from clients.demo.relying_party import RelyingParty, is_strong_enough

TIMEOUT_SECONDS = 5
SKEW_SECONDS = 60


class SignInRefused(Exception):
    """Nobody is signed in; the text says why and what to do, in words for the person."""


class AnswerUnknown(SignInRefused):
    """The answer belongs to no sign-in that this browser has under way: gone back to, sent twice, or somebody else's."""


class RefreshRefused(Exception):
    """The provider no longer answers for this person."""


class Provider:
    """The provider as this application knows it: from its discovery document."""

    def __init__(self, app: Flask, party: RelyingParty) -> None:
        self._party = party
        self._client: Any = OAuth(app).register(
            "provider",
            client_id=party.client_id,
            client_secret=party.client_secret,
            server_metadata_url=f"{party.issuer}/.well-known/openid-configuration",
            client_kwargs={"scope": party.scope, "code_challenge_method": "S256", "default_timeout": TIMEOUT_SECONDS},
        )

    def ask_to_sign_in(self) -> Response:
        """The redirect that starts a sign-in: code, PKCE S256, state, nonce, and the wanted assurance."""
        wanted = {"acr_values": self._party.look.minimum_acr} if self._party.look.minimum_acr else {}
        return cast("Response", self._client.authorize_redirect(self._party.redirect_uri, **wanted))

    def signed_in(self, form_token: str) -> LocalSession:
        """Who comes back from the provider (OpenID Connect Core §3.1.3). Raises SignInRefused."""
        self._check_answer_is_the_providers()
        try:
            token = self._client.authorize_access_token(claims_options=self._claims_options(), leeway=SKEW_SECONDS)
            claims = token["userinfo"]
            told = self._client.userinfo(token=token)
        except OAuthError as error:
            refusal = AnswerUnknown if error.error == "mismatching_state" else SignInRefused
            raise refusal(_words_for(error.error)) from error
        except (JoseError, KeyError, ValueError) as error:
            raise SignInRefused("Không xác minh được câu trả lời của hệ thống xác thực. Vui lòng đăng nhập lại.") from error
        if told.get("sub") != claims["sub"]:
            raise SignInRefused("Thông tin trả về không cùng một người. Vui lòng đăng nhập lại.")
        if not is_strong_enough(claims.get("acr"), self._party.look.minimum_acr):
            raise SignInRefused("Ứng dụng này cần xác thực hai lớp. Vui lòng đăng nhập lại và nhập mã xác thực.")
        return _local_session(token, claims, told, form_token)

    def refreshed(self, session: LocalSession) -> LocalSession:
        """The session with a fresh refresh token and fresh facts (RFC 6749 §6). Raises RefreshRefused."""
        try:
            token = self._client.fetch_access_token(grant_type="refresh_token", refresh_token=session.refresh_token)
            told = self._client.userinfo(token=token)
        except OAuthError as error:
            raise RefreshRefused(error.error) from error
        if told.get("sub") != session.subject:
            raise RefreshRefused("sub")
        unit = told.get("unit") or {}
        return replace(
            session,
            refresh_token=token.get("refresh_token") or session.refresh_token,
            refreshed_at=time.time(),
            name=told.get("name") or session.name,
            title=told.get("title"),
            unit_name=unit.get("name"),
            unit_path=_unit_path(told),
        )

    def ask_to_sign_out(self, session: LocalSession | None) -> Response:
        """The redirect that signs out at the provider as well (RP-Initiated Logout 1.0 §2)."""
        hint = session.id_token if session else None
        return cast(
            "Response",
            self._client.logout_redirect(
                post_logout_redirect_uri=self._party.post_logout_redirect_uri, id_token_hint=hint, client_id=self._party.client_id
            ),
        )

    def came_back_signed_out(self) -> bool:
        """Whether the request carries the state that this browser left with."""
        try:
            self._client.validate_logout_response()
        except OAuthError:
            return False
        return True

    def keys(self, again: bool) -> dict[str, Any]:
        """The provider's JWK set; `again` fetches a fresh copy."""
        return cast("dict[str, Any]", self._client.fetch_jwk_set(force=again))

    def _claims_options(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "values": [self._party.issuer]},
            "aud": {"essential": True, "values": [self._party.client_id]},
        }

    def _check_answer_is_the_providers(self) -> None:
        """Refuse an answer of another issuer (RFC 9207 §2.4): the defence against mix-up."""
        metadata = self._client.load_server_metadata()
        if metadata["issuer"] != self._party.issuer:
            raise SignInRefused("Địa chỉ hệ thống xác thực không khớp với thiết lập của ứng dụng.")
        told = request.args.get("iss")
        if told != self._party.issuer and (told or metadata.get("authorization_response_iss_parameter_supported")):
            raise SignInRefused("Câu trả lời không đến từ hệ thống xác thực của tỉnh. Vui lòng đăng nhập lại.")


def _local_session(token: dict[str, Any], claims: dict[str, Any], told: dict[str, Any], form_token: str) -> LocalSession:
    unit = told.get("unit") or {}
    return LocalSession(
        subject=claims["sub"],
        sid=claims.get("sid"),
        name=told.get("name") or claims["sub"],
        title=told.get("title"),
        unit_name=unit.get("name"),
        unit_path=_unit_path(told),
        acr=claims.get("acr", ""),
        auth_time=int(claims.get("auth_time") or time.time()),
        id_token=token["id_token"],
        refresh_token=token.get("refresh_token"),
        refreshed_at=None,
        form_token=form_token,
        expires_at=time.time() + LIFETIME_SECONDS,
    )


def _unit_path(told: dict[str, Any]) -> tuple[str, ...]:
    path = told.get("unit_path") or []
    return tuple(str(step.get("name", "")) if isinstance(step, dict) else str(step) for step in path)


def _words_for(error: str) -> str:
    if error == "access_denied":
        return "Lượt đăng nhập đã được hủy."
    if error == "mismatching_state":
        return "Lượt đăng nhập này không còn hiệu lực hoặc bắt đầu ở trình duyệt khác. Vui lòng đăng nhập lại."
    if error == "unmet_authentication_requirements":
        return "Ứng dụng này cần xác thực hai lớp. Vui lòng đăng nhập lại và nhập mã xác thực."
    return "Hệ thống xác thực từ chối lượt đăng nhập này. Vui lòng đăng nhập lại."


UNREACHABLE = requests.RequestException
