"""Settings of widely used programs for one client, ready to be pasted: nothing is left to fill in but the secret."""

import json
import secrets
from dataclasses import dataclass

from clients.landing import landing_path

SECRET = "KHOA-BI-MAT"  # stands where the secret goes, after the moment in which it is known


@dataclass(frozen=True)
class Facts:
    """What the settings are made of. `landing`: where people come after signing out."""

    issuer: str
    client_id: str
    secret: str | None
    redirect_uri: str
    scope: str
    is_public: bool
    landing: str | None = None


def env_file(facts: Facts) -> str:
    """The settings as environment variables."""
    lines = [
        f"OIDC_ISSUER={facts.issuer}", f"OIDC_DISCOVERY={facts.issuer}/.well-known/openid-configuration", f"OIDC_CLIENT_ID={facts.client_id}",
        f"OIDC_REDIRECT_URI={facts.redirect_uri}", f'OIDC_SCOPE="{facts.scope}"',
    ]  # fmt: skip
    if not facts.is_public:
        lines.insert(3, f"OIDC_CLIENT_SECRET={facts.secret or SECRET}")
    return "\n".join(lines) + "\n"


def setups(facts: Facts) -> list[tuple[str, str]]:
    """By program, what goes into its settings."""
    origin = "/".join(facts.redirect_uri.split("/")[:3])
    landing = landing_path(origin, facts.landing)
    values = {
        "issuer": facts.issuer, "id": facts.client_id, "secret": facts.secret or SECRET, "uri": facts.redirect_uri, "scope": facts.scope,
        "comma": ",".join(facts.scope.split()), "quoted": ", ".join(json.dumps(name) for name in facts.scope.split()),
        "origin": origin, "random": secrets.token_hex(16), "open": _APACHE_OPEN.replace("@landing@", landing) if landing else "",
    }  # fmt: skip
    return [(name, _filled(text, values)) for name, text in _TEXTS if not facts.is_public or name in _FOR_PUBLIC]


def _filled(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text


_APACHE_OPEN = """
# Where people land after signing out: protected like the rest, it would ask them to sign in again.
<Location "@landing@">
    AuthType None
    Require all granted
</Location>
"""
_FOR_PUBLIC = frozenset({"Node (openid-client)"})
_TEXTS = (
    (
        "Spring Boot (application.yml)",
        """spring:
  security:
    oauth2:
      client:
        registration:
          hopnhat:
            client-id: @id@
            client-secret: @secret@
            scope: @comma@
            redirect-uri: "@uri@"
            client-authentication-method: client_secret_basic
            authorization-grant-type: authorization_code
        provider:
          hopnhat:
            issuer-uri: @issuer@
""",
    ),
    (
        "ASP.NET Core (Program.cs)",
        """builder.Services.AddAuthentication(options => {
    options.DefaultScheme = "Cookies";
    options.DefaultChallengeScheme = "oidc";
}).AddCookie("Cookies").AddOpenIdConnect("oidc", options => {
    options.Authority = "@issuer@";
    options.ClientId = "@id@";
    options.ClientSecret = "@secret@";
    options.ResponseType = "code";
    options.UsePkce = true;
    options.Scope.Clear();
    foreach (var scope in new[] { @quoted@ }) options.Scope.Add(scope);
    options.CallbackPath = new Uri("@uri@").AbsolutePath;
    options.GetClaimsFromUserInfoEndpoint = true;
});
""",
    ),
    (
        "Laravel (.env)",
        """# kovah/laravel-socialite-oidc
OIDC_BASE_URL=@issuer@
OIDC_CLIENT_ID=@id@
OIDC_CLIENT_SECRET=@secret@
OIDC_REDIRECT_URI=@uri@
OIDC_SCOPES="@scope@"
""",
    ),
    (
        "Node (openid-client)",
        """// node --env-file=@id@.env app.mjs
import * as client from 'openid-client'
const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI, OIDC_SCOPE } = process.env
const config = await client.discovery(new URL(OIDC_ISSUER), OIDC_CLIENT_ID, OIDC_CLIENT_SECRET)
const code_verifier = client.randomPKCECodeVerifier()
const to = client.buildAuthorizationUrl(config, {
  redirect_uri: OIDC_REDIRECT_URI,
  scope: OIDC_SCOPE,
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: 'S256',
  state: client.randomState(),
})
""",
    ),
    (
        "Django (settings.py)",
        """# mozilla-django-oidc
OIDC_RP_CLIENT_ID = "@id@"
OIDC_RP_CLIENT_SECRET = "@secret@"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_RP_SCOPES = "@scope@"
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = "@issuer@/authorize"
OIDC_OP_TOKEN_ENDPOINT = "@issuer@/token"
OIDC_OP_USER_ENDPOINT = "@issuer@/userinfo"
OIDC_OP_JWKS_ENDPOINT = "@issuer@/jwks"
""",
    ),
    (
        "Flask (Authlib)",
        """oauth.register(
    "hopnhat",
    server_metadata_url="@issuer@/.well-known/openid-configuration",
    client_id="@id@",
    client_secret="@secret@",
    client_kwargs={"scope": "@scope@", "code_challenge_method": "S256"},
)
""",
    ),
    (
        "Apache (mod_auth_openidc)",
        """OIDCProviderMetadataURL @issuer@/.well-known/openid-configuration
OIDCClientID @id@
OIDCClientSecret "@secret@"
OIDCProviderTokenEndpointAuth client_secret_basic
OIDCPKCEMethod S256
OIDCScope "@scope@"

# A path of this host that leads nowhere else: the module answers it itself.
OIDCRedirectURI @uri@
OIDCDefaultURL @origin@/
# 32 random characters, the same on every server of the application.
OIDCCryptoPassphrase "@random@"

# Sessions stay on this server, so that the provider can end them: with client-cookie it could not.
OIDCSessionType server-cache
OIDCCacheType shm
OIDCSessionInactivityTimeout 3600
OIDCSessionMaxDuration 43200
OIDCCookieHTTPOnly On
OIDCCookieSameSite On

# REMOTE_USER is the permanent subject; names and addresses change.
OIDCRemoteUserClaim sub
OIDCPassClaimsAs both
OIDCPassIDTokenAs claims
OIDCPassUserInfoAs claims

<Location "/">
    AuthType openid-connect
    Require valid-user
</Location>
@open@""",
    ),
    (
        "oauth2-proxy (nginx)",
        """provider = "oidc"
oidc_issuer_url = "@issuer@"
client_id = "@id@"
client_secret = "@secret@"
redirect_url = "@uri@"
scope = "@scope@"
code_challenge_method = "S256"
email_domains = ["*"]
""",
    ),
    (
        "Moodle (OAuth 2 services)",
        """Client ID: @id@
Client secret: @secret@
Service base URL: @issuer@
Scopes included in a login request: @scope@
Redirect URI: @origin@/admin/oauth2callback.php
""",
    ),
    (
        "Nextcloud (user_oidc)",
        """php occ user_oidc:provider hopnhat \\
  --clientid="@id@" --clientsecret="@secret@" \\
  --discoveryuri="@issuer@/.well-known/openid-configuration" \\
  --scope="@scope@" --unique-uid=0 --mapping-uid=sub
""",
    ),
    (
        "WordPress (wp-config.php)",
        """// OpenID Connect Generic
define( 'OIDC_CLIENT_ID', '@id@' );
define( 'OIDC_CLIENT_SECRET', '@secret@' );
define( 'OIDC_CLIENT_SCOPE', '@scope@' );
define( 'OIDC_ENDPOINT_LOGIN_URL', '@issuer@/authorize' );
define( 'OIDC_ENDPOINT_TOKEN_URL', '@issuer@/token' );
define( 'OIDC_ENDPOINT_USERINFO_URL', '@issuer@/userinfo' );
define( 'OIDC_ENDPOINT_LOGOUT_URL', '@issuer@/end_session' );
""",
    ),
    (
        "GitLab (gitlab.rb)",
        """gitlab_rails['omniauth_providers'] = [{
  name: "openid_connect",
  args: {
    scope: [@quoted@],
    response_type: "code",
    issuer: "@issuer@",
    discovery: true,
    client_auth_method: "basic",
    pkce: true,
    client_options: { identifier: "@id@", secret: "@secret@", redirect_uri: "@uri@" },
  },
}]
""",
    ),
)
