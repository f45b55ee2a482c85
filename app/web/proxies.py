"""Whose word counts for where a request comes from."""

from collections.abc import Iterable
from ipaddress import IPv6Network, ip_network

from starlette.types import ASGIApp
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

MAPPED = int(ip_network("::ffff:0:0/96").network_address)
BITS = 96


def behind_proxies(app: ASGIApp, *, trusted: Iterable[str]) -> ASGIApp:
    """Takes client and scheme from X-Forwarded-For and -Proto where the connection comes from one of these."""
    return ProxyHeadersMiddleware(app, [form for one in trusted for form in _forms(one)])  # type: ignore[arg-type,return-value]  # the same protocol under another name


def _forms(trusted: str) -> list[str]:
    """An address or network, and how a socket for both families names it."""
    network = ip_network(trusted)
    if isinstance(network, IPv6Network):
        return [trusted]
    mapped = IPv6Network((MAPPED | int(network.network_address), BITS + network.prefixlen))
    return [trusted, str(mapped) if "/" in trusted else str(mapped.network_address)]
