"""Connections to push services: over https to public addresses only, to nowhere else, and with nothing kept."""

import socket
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import NameResolutionError, NewConnectionError

from rehab.nudges.push.endpoints import is_public


class NotPublic(Exception):
    """The name of a push service leads into a network here."""


class _PublicConnection(HTTPSConnection):
    """Looks at the addresses of a name and connects to one of these: a second look-up might answer otherwise."""

    def _new_conn(self) -> socket.socket:
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise NameResolutionError(self.host, self, socket.gaierror(*error.args)) from None
        addresses = [str(place[4][0]) for place in found]
        if not all(is_public(address) for address in addresses):
            raise NotPublic(self.host)
        for address in addresses:
            try:
                return socket.create_connection((address, self.port), self.timeout)
            except OSError:
                continue
        raise NewConnectionError(self, "none of its addresses answered")


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _PublicOnly(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = {"https": _PublicPool}


def open_session(*, test_origin: str = "") -> requests.Session:
    """A session that asks no proxy, reads no .netrc, keeps no cookie and knows no plain http.

    ``test_origin`` is the one place that may be asked otherwise; empty for none.
    """
    session = requests.Session()
    session.trust_env = False
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.adapters.clear()
    session.mount("https://", _PublicOnly())
    if test_origin:
        session.mount(f"{test_origin}/", HTTPAdapter())
    return session
