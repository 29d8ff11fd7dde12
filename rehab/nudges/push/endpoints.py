"""Which addresses a browser may ask us to post to: those of the four push services, and nothing inside a network.

A subscription comes from a browser, so its endpoint is whatever somebody typed. It is looked at when it is stored and again
when something is sent there, and the address that its name leads to a third time, when the connection is made.
"""

import ipaddress
import re
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

MOST_CHARACTERS: Final = 1024
# Google, Mozilla, Apple and Microsoft: every browser that has push uses one of them.
HOSTS: Final = frozenset({"fcm.googleapis.com", "updates.push.services.mozilla.com"})
DOMAINS: Final = ("push.services.mozilla.com", "push.apple.com", "notify.windows.com")

_VISIBLE = re.compile(r"[!-~]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")
# Addresses that pass for global and lead elsewhere: 6to4 and Teredo carry an IPv4 address of anybody's choice.
_TUNNELS: Final = tuple(ipaddress.ip_network(net) for net in ("192.88.99.0/24", "2002::/16", "2001::/32"))
_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")


class Refusal(StrEnum):
    """Why we do not post to an address."""

    TOO_LONG = "too_long"
    NOT_AN_ADDRESS = "not_an_address"
    NOT_HTTPS = "not_https"
    USER_INFO = "user_info"
    FRAGMENT = "fragment"
    OTHER_PORT = "other_port"
    UNKNOWN_SERVICE = "unknown_service"


def refusal(endpoint: str, *, test_origin: str = "") -> Refusal | None:
    """Why we do not post there; nothing for an address of a push service.

    ``test_origin`` is the scheme, host and port of one more service, for tests on one machine; empty for none.
    """
    if len(endpoint) > MOST_CHARACTERS:
        return Refusal.TOO_LONG
    # What urlsplit leaves out (tabs, line breaks) or another reader takes for a slash must not be there at all.
    if not _VISIBLE.fullmatch(endpoint) or "\\" in endpoint:
        return Refusal.NOT_AN_ADDRESS
    try:
        parts = urlsplit(endpoint)
        port = parts.port
    except ValueError:
        return Refusal.NOT_AN_ADDRESS
    if "@" in parts.netloc:
        return Refusal.USER_INFO
    if "#" in endpoint:
        return Refusal.FRAGMENT
    if test_origin and endpoint.startswith(f"{test_origin}/"):
        return None
    if parts.scheme != "https":
        return Refusal.NOT_HTTPS
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or not parts.path.startswith("/"):
        return Refusal.NOT_AN_ADDRESS
    if parts.netloc.endswith(":") or port not in (None, 443):
        return Refusal.OTHER_PORT
    if host not in HOSTS and not host.endswith(tuple(f".{domain}" for domain in DOMAINS)):
        return Refusal.UNKNOWN_SERVICE
    return None


def origin(endpoint: str) -> str:
    """Scheme, host and port of an address that was not refused: whom a VAPID token is for (RFC 8292)."""
    parts = urlsplit(endpoint)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port not in (None, 443) else "")


def is_public(address: str) -> bool:
    """Whether an IP address is one on the internet: not of this machine, a network of ours, a provider's, or a tunnel."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if not ip.is_global or ip.is_multicast or any(ip in net for net in _TUNNELS):
        return False
    # Whatever else IPv6 has (mapped IPv4, NAT64 64:ff9b::/96, site-local) stands outside of 2000::/3.
    return ip.version == 4 or ip in _GLOBAL_UNICAST
