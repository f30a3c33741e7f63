"""What goes into the settings of widely used programs, and what each of them can do. Marks like @id@ are filled in by `clients.setups`."""

from dataclasses import dataclass

from clients.metadata import CLIENT_SECRET_BASIC, CLIENT_SECRET_POST

BOTH = (CLIENT_SECRET_BASIC, CLIENT_SECRET_POST)


@dataclass(frozen=True)
class Program:
    """One program. `methods`: how it can send its secret; `pkce`: whether it can do RFC 7636; `callback`: the end of the one address where
    it takes the answer, None when it takes any; `is_for_public`: whether it can live without a secret."""

    name: str
    text: str
    methods: tuple[str, ...] = BOTH
    pkce: bool = True
    callback: str | None = None
    is_for_public: bool = False


SPRING = Program(
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
            client-authentication-method: @method@
            authorization-grant-type: authorization_code
        provider:
          hopnhat:
            issuer-uri: @issuer@

# One class of the application, for PKCE (Spring Security 7 does it by itself) and the signature @algorithm@:
#
# @Configuration
# class Security {
#   @Bean SecurityFilterChain chain(HttpSecurity http, ClientRegistrationRepository clients) throws Exception {
#     var asked = new DefaultOAuth2AuthorizationRequestResolver(clients, "/oauth2/authorization");
#     asked.setAuthorizationRequestCustomizer(OAuth2AuthorizationRequestCustomizers.withPkce());
#     return http.authorizeHttpRequests(all -> all.anyRequest().authenticated())
#       .oauth2Login(login -> login.authorizationEndpoint(to -> to.authorizationRequestResolver(asked))).build();
#   }
#   @Bean JwtDecoderFactory<ClientRegistration> idTokenDecoderFactory() {
#     var factory = new OidcIdTokenDecoderFactory();
#     factory.setJwsAlgorithmResolver(client -> SignatureAlgorithm.@algorithm@);
#     return factory;
#   }
# }
""",
    callback="/login/oauth2/code/hopnhat",
)
ASP = Program(
    "ASP.NET Core (Program.cs)",
    """builder.Services.AddAuthentication(options => {
    options.DefaultScheme = "Cookies";
    options.DefaultChallengeScheme = "oidc";
}).AddCookie("Cookies").AddOpenIdConnect("oidc", options => {
    options.Authority = "@issuer@";@dotnet_http@
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
    methods=(CLIENT_SECRET_POST,),
)
LARAVEL = Program(
    "Laravel (.env)",
    """# composer require kovah/laravel-socialite-oidc; the entry 'oidc' of config/services.php as its README says
OIDC_BASE_URL=@issuer@
OIDC_CLIENT_ID=@id@
OIDC_CLIENT_SECRET=@secret@
OIDC_REDIRECT_URI=@uri@
OIDC_VERIFY_JWT=true
# Where people go to sign in, and where they come back:
#   Socialite::driver('oidc')->enablePKCE()->setScopes([@single@])->redirect();
#   Socialite::driver('oidc')->enablePKCE()->user();
""",
    methods=(CLIENT_SECRET_POST,),
)
NODE = Program(
    "Node (openid-client)",
    """// node --env-file=@id@.env app.mjs
import * as client from 'openid-client'
const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI, OIDC_SCOPE } = process.env
const config = await client.discovery(
  new URL(OIDC_ISSUER), OIDC_CLIENT_ID, { id_token_signed_response_alg: '@algorithm@' }, client.@node_method@@node_http@,
)
// To sign in: keep code_verifier and state in the visitor's session, and send the browser to `to`.
const code_verifier = client.randomPKCECodeVerifier()
const state = client.randomState()
const to = client.buildAuthorizationUrl(config, {
  redirect_uri: OIDC_REDIRECT_URI,
  scope: OIDC_SCOPE,
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: 'S256',
  state,
})
// At OIDC_REDIRECT_URI, with the address that the browser asked for:
const signIn = async (address, kept) => {
  const tokens = await client.authorizationCodeGrant(config, new URL(address), {
    pkceCodeVerifier: kept.code_verifier, expectedState: kept.state, idTokenExpected: true,
  })
  return client.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
}
""",
    is_for_public=True,
)
DJANGO = Program(
    "Django (settings.py)",
    """# mozilla-django-oidc; its addresses below /oidc/ by path("oidc/", include("mozilla_django_oidc.urls"))
OIDC_RP_CLIENT_ID = "@id@"
OIDC_RP_CLIENT_SECRET = "@secret@"
OIDC_RP_SIGN_ALGO = "@algorithm@"
OIDC_RP_SCOPES = "@scope@"
OIDC_TOKEN_USE_BASIC_AUTH = @django_basic@
OIDC_USE_PKCE = True
OIDC_OP_AUTHORIZATION_ENDPOINT = "@issuer@/authorize"
OIDC_OP_TOKEN_ENDPOINT = "@issuer@/token"
OIDC_OP_USER_ENDPOINT = "@issuer@/userinfo"
OIDC_OP_JWKS_ENDPOINT = "@issuer@/jwks"
LOGIN_REDIRECT_URL = "/"
""",
    callback="/oidc/callback/",
)
FLASK = Program(
    "Flask (Authlib)",
    """oauth.register(
    "hopnhat",
    server_metadata_url="@issuer@/.well-known/openid-configuration",
    client_id="@id@",
    client_secret="@secret@",
    client_kwargs={
        "scope": "@scope@",
        "code_challenge_method": "S256",
        "token_endpoint_auth_method": "@method@",
    },
)
""",
)
APACHE = Program(
    "Apache (mod_auth_openidc)",
    """OIDCProviderMetadataURL @issuer@/.well-known/openid-configuration
OIDCClientID @id@
OIDCClientSecret "@secret@"
OIDCProviderTokenEndpointAuth @method@
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
)
OAUTH2_PROXY = Program(
    "oauth2-proxy (nginx)",
    """provider = "oidc"
oidc_issuer_url = "@issuer@"
client_id = "@id@"
client_secret = "@secret@"
redirect_url = "@uri@"
scope = "@scope@"
code_challenge_method = "S256"
oidc_email_claim = "@mail_claim@"
email_domains = ["*"]
# 32 random characters, the same on every server of the application.
cookie_secret = "@random@"
upstreams = ["http://127.0.0.1:9000"]
reverse_proxy = true
""",
    callback="/oauth2/callback",
)
MOODLE = Program(
    "Moodle (OAuth 2 services)",
    """Site administration > Server > OAuth 2 services > Custom
Name: Tài khoản công vụ
Client ID: @id@
Client secret: @secret@
Authenticate token requests via HTTP headers: @moodle_basic@
Service base URL: @issuer@
Scopes included in a login request: @scope@
""",
    pkce=False,
    callback="/admin/oauth2callback.php",
)
NEXTCLOUD = Program(
    "Nextcloud (user_oidc)",
    """php occ user_oidc:provider hopnhat \\
  --clientid="@id@" --clientsecret="@secret@" \\
  --discoveryuri="@issuer@/.well-known/openid-configuration" \\
  --scope="@scope@" --unique-uid=0 --mapping-uid=sub
php occ config:system:set user_oidc use_pkce --type=boolean --value=true
php occ config:system:set user_oidc default_token_endpoint_auth_method --value=@method@
""",
    callback="/apps/user_oidc/code",
)
WORDPRESS = Program(
    "WordPress (wp-config.php)",
    """// OpenID Connect Generic, version 3.11 or newer
define( 'OIDC_LOGIN_TYPE', 'button' );
define( 'OIDC_CLIENT_ID', '@id@' );
define( 'OIDC_CLIENT_SECRET', '@secret@' );
define( 'OIDC_CLIENT_SCOPE', '@scope@' );
define( 'OIDC_ISSUER', '@issuer@' );
define( 'OIDC_ENDPOINT_LOGIN_URL', '@issuer@/authorize' );
define( 'OIDC_ENDPOINT_TOKEN_URL', '@issuer@/token' );
define( 'OIDC_ENDPOINT_JWKS_URL', '@issuer@/jwks' );
define( 'OIDC_ENDPOINT_USERINFO_URL', '@issuer@/userinfo' );
define( 'OIDC_ENDPOINT_LOGOUT_URL', '@issuer@/end_session' );
""",
    methods=(CLIENT_SECRET_POST,),
    pkce=False,
    callback="/wp-admin/admin-ajax.php?action=openid-connect-authorize",
)
GITLAB = Program(
    "GitLab (gitlab.rb)",
    """gitlab_rails['omniauth_allow_single_sign_on'] = ['openid_connect']
gitlab_rails['omniauth_providers'] = [{
  name: "openid_connect",
  label: "Tài khoản công vụ",
  args: {
    name: "openid_connect",
    scope: [@quoted@],
    response_type: "code",
    issuer: "@issuer@",
    discovery: true,
    client_auth_method: "@ruby_method@",
    uid_field: "sub",
    pkce: true,
    client_options: { identifier: "@id@", secret: "@secret@", redirect_uri: "@uri@" },
  },
}]
""",
    callback="/users/auth/openid_connect/callback",
)
PROGRAMS = (SPRING, ASP, LARAVEL, NODE, DJANGO, FLASK, APACHE, OAUTH2_PROXY, MOODLE, NEXTCLOUD, WORDPRESS, GITLAB)
