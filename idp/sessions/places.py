"""Places in words: the name of the network that an address belongs to, where the operator has named it, else the address."""

import ipaddress
from functools import lru_cache

from idp.settings import current_settings

UNKNOWN = "—"


def place_words(address: str | None) -> str:
    """Where a request came from: "Trụ sở UBND tỉnh (10.1.2.3)", or the address alone. The narrowest network that fits wins."""
    if not address:
        return UNKNOWN
    name = _name_of(address, tuple(current_settings().network_names.items()))
    return f"{name} ({address})" if name else address


@lru_cache(maxsize=1024)
def _name_of(address: str, names: tuple[tuple[str, str], ...]) -> str | None:
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return None
    fitting = [(network.prefixlen, name) for text, name in names if known in (network := ipaddress.ip_network(text))]
    return max(fitting)[1] if fitting else None
