"""What one application is: its name and look, its registration at the provider, and how strongly it wants people authenticated."""

from dataclasses import dataclass

ACR_IN_ORDER = ("urn:hopnhat:aal1", "urn:hopnhat:aal2", "urn:hopnhat:aal3")
ACR_WORDS = {
    "urn:hopnhat:aal1": "Một lớp: mật khẩu",
    "urn:hopnhat:aal2": "Hai lớp: mật khẩu và mã xác thực",
    "urn:hopnhat:aal3": "Hai lớp, chống giả mạo",
}


@dataclass(frozen=True)
class Look:
    """How an application presents itself. `work` names the list of `shown_work` that it shows."""

    key: str
    name: str
    motto: str
    work: str
    minimum_acr: str | None = None
    keeps_refresh_token: bool = False


@dataclass(frozen=True)
class RelyingParty:
    """An application as it runs: its look, where it is reached, and its registration at the provider."""

    look: Look
    base_url: str
    issuer: str
    client_id: str
    client_secret: str
    neighbour_name: str | None = None
    neighbour_url: str | None = None

    @property
    def cookie_name(self) -> str:
        """The cookie of its local session; cookies of one host are shared by all its ports, so the name tells them apart."""
        return self.look.key.replace("-", "_")

    @property
    def scope(self) -> str:
        """What it asks to know."""
        return "openid profile email staff" + (" offline_access" if self.look.keeps_refresh_token else "")

    @property
    def redirect_uri(self) -> str:
        """Where the provider sends people back to."""
        return f"{self.base_url}/callback"

    @property
    def post_logout_redirect_uri(self) -> str:
        """Where people come back to after signing out."""
        return f"{self.base_url}/signed-out"

    @property
    def backchannel_logout_uri(self) -> str:
        """Where the provider tells it that somebody is signed out."""
        return f"{self.base_url}/backchannel-logout"


DOCUMENTS = Look("van-ban", "Quản lý văn bản", "Văn bản đến, văn bản đi của cơ quan", "documents", keeps_refresh_token=True)
ONE_DOOR = Look("mot-cua", "Một cửa điện tử", "Tiếp nhận và trả kết quả thủ tục hành chính", "dossiers", minimum_acr="urn:hopnhat:aal2")
LOOKS = {look.key: look for look in (DOCUMENTS, ONE_DOOR)}


def is_strong_enough(acr: str | None, minimum: str | None) -> bool:
    """Whether an authentication context is at least the minimum; an unknown one is below every minimum."""
    if minimum is None:
        return True
    return acr in ACR_IN_ORDER and ACR_IN_ORDER.index(acr) >= ACR_IN_ORDER.index(minimum)
