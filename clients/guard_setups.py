"""Settings of nginx in front of an application that speaks nothing, ready to be pasted: the files of docs/integration/nginx-forward-auth.md."""

from urllib.parse import urlsplit

from clients.landing import landing_path


def guard_setups(issuer: str, client_id: str, origin: str, landing: str | None) -> list[tuple[str, str]]:
    """By file, what goes into it. `origin`: the site's; `landing`: where people come after signing out, when it is on the site."""
    path, parts = landing_path(origin, landing), urlsplit(origin)
    site = _SITE if path else _SITE.replace(_LANDING, "")
    if parts.scheme == "http":  # on one's own machine, where there is no certificate
        site = site.replace(_CERTIFIED, "    listen @at@;\n    server_name @host@;\n")
    values = {
        "issuer": issuer,
        "id": client_id,
        "host": parts.hostname or "",
        "landing": path or "",
        "at": parts.netloc if parts.port else f"{parts.netloc}:80",
    }
    for name, value in values.items():
        site = site.replace(f"@{name}@", value)
    return [
        ("/etc/nginx/hopnhat-ask.conf", _ASK),
        ("/etc/nginx/hopnhat-identity.conf", _IDENTITY),
        (f"/etc/nginx/conf.d/{client_id}.conf", site),
    ]


_LANDING = """    # Where people land after signing out (Địa chỉ sau đăng xuất): behind the check it would ask them to sign in again.
    location = @landing@ {
        default_type "text/plain; charset=utf-8";
        return 200 "Đã đăng xuất.";
    }

"""
_CERTIFIED = """    listen 443 ssl;
    server_name @host@;
    ssl_certificate /etc/nginx/@id@.pem;
    ssl_certificate_key /etc/nginx/@id@.key;
"""
_SITE = (
    """server {
"""
    + _CERTIFIED
    + """
    # Signing in, coming back, signing out: on this host, because only here can its cookie be set.
    location /hopnhat/ {
        include hopnhat-ask.conf;
        proxy_pass @issuer@/forward-auth/@id@/;
    }

    location = /hopnhat-check {
        internal;
        include hopnhat-ask.conf;
        rewrite ^ /forward-auth?client_id=@id@$hopnhat_wants? break;
        proxy_pass @issuer@;
    }

    # What a visitor sees who is not let in: the way to the sign-in, or a page that says why not.
    location @hopnhat_refused {
        include hopnhat-ask.conf;
        proxy_method GET;
        rewrite ^ /forward-auth?client_id=@id@$hopnhat_wants&answer=page? break;
        proxy_pass @issuer@;
    }

    location / {
        set $hopnhat_wants "";
        include hopnhat-identity.conf;
        proxy_pass http://127.0.0.1:9000;
    }

"""
    + _LANDING
    + """    # Parts with rules of their own, if there are any.
    include hopnhat-parts/@id@*.conf;
}
"""
)
_ASK = """proxy_pass_request_body off;
proxy_set_header Content-Length "";
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Method $request_method;
proxy_set_header X-Forwarded-Uri $request_uri;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_redirect off;
proxy_hide_header Strict-Transport-Security;  # the provider's, not this host's
proxy_buffer_size 16k;
proxy_buffers 8 16k;
proxy_connect_timeout 3s;
proxy_ssl_server_name on;
proxy_ssl_verify on;
proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
"""
_IDENTITY = """auth_request /hopnhat-check;
auth_request_set $hopnhat_identity $upstream_http_x_hopnhat_identity;
auth_request_set $hopnhat_subject $upstream_http_x_hopnhat_subject;
auth_request_set $hopnhat_username $upstream_http_x_hopnhat_username;
auth_request_set $hopnhat_name $upstream_http_x_hopnhat_name;
auth_request_set $hopnhat_email $upstream_http_x_hopnhat_email;
auth_request_set $hopnhat_unit $upstream_http_x_hopnhat_unit;
auth_request_set $hopnhat_unit_code $upstream_http_x_hopnhat_unit_code;
auth_request_set $hopnhat_roles $upstream_http_x_hopnhat_roles;
auth_request_set $hopnhat_acr $upstream_http_x_hopnhat_acr;
error_page 401 403 = @hopnhat_refused;

proxy_set_header X-Hopnhat-Identity $hopnhat_identity;
proxy_set_header X-Hopnhat-Subject $hopnhat_subject;
proxy_set_header X-Hopnhat-Username $hopnhat_username;
proxy_set_header X-Hopnhat-Name $hopnhat_name;
proxy_set_header X-Hopnhat-Email $hopnhat_email;
proxy_set_header X-Hopnhat-Unit $hopnhat_unit;
proxy_set_header X-Hopnhat-Unit-Code $hopnhat_unit_code;
proxy_set_header X-Hopnhat-Roles $hopnhat_roles;
proxy_set_header X-Hopnhat-Acr $hopnhat_acr;
proxy_set_header Host $http_host;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-For $remote_addr;
"""
