"""onvif-zeep-async with our own hands on the wire. Loaded only when a device is described: zeep takes a second."""

from __future__ import annotations

import logging
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from . import envelopes
from .fetching import FetchFault, fetch

XML_TYPES = frozenset({"application/soap+xml", "text/xml", "application/xml", ""})
_BINDINGS = {
    "devicemgmt": "{http://www.onvif.org/ver10/device/wsdl}DeviceBinding",
    "media": "{http://www.onvif.org/ver10/media/wsdl}MediaBinding",
}
_REFUSALS = ("notauthorized", "not authorized", "failedauthentication", "unauthorized", "failed authentication")


class SoapFault(Exception):
    """`cause` as in FetchFault, or hostile_xml, not_onvif, device_error."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Refused(Exception):
    """The device did not let us in."""


class Service:
    """One ONVIF service of one device, as an async context."""

    def __init__(self, name: str, url: str, username: str, password: str, shift: timedelta) -> None:
        self._name, self._url, self._shift = name, url, shift
        self._username, self._password = username, password
        self._service: Any = None

    async def __aenter__(self) -> Service:
        _quiet()
        import onvif
        from onvif.client import ONVIFService

        wsdl = Path(onvif.__file__).parent / "wsdl" / f"{self._name}.wsdl"
        self._service = ONVIFService(
            self._url, self._username or None, self._password or None, str(wsdl), no_cache=True, dt_diff=self._shift,
            binding_name=_BINDINGS[self._name],
        )  # fmt: skip
        self._service.transport = _transport(self._service._session)
        await self._service.setup()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._service.close()

    async def call(self, action: str, asked: dict[str, Any] | None = None) -> Any:
        """Raises SoapFault, Refused. With no user the call goes without a security header."""
        from zeep.exceptions import Error as ZeepError
        from zeep.exceptions import Fault

        client = self._service.ws_client if self._username else self._service.ws_client_authless
        try:
            return await getattr(client, action)(**(asked or {}))
        except _Stopped as stopped:
            raise stopped.why from None
        except Fault as fault:
            if _is_refusal(fault):
                raise Refused from None
            raise SoapFault("device_error") from None
        except (ZeepError, ValueError, TypeError, AttributeError, LookupError, RecursionError):
            raise SoapFault("not_onvif") from None


def _is_refusal(fault: Any) -> bool:
    told = " ".join(str(part) for part in (fault.message, fault.code, *(fault.subcodes or ()))).lower()
    return any(word in told for word in _REFUSALS)


class _Stopped(Exception):
    """Carries ours through the library, which wraps what it knows."""

    def __init__(self, why: SoapFault | Refused) -> None:
        super().__init__()
        self.why = why


def _transport(session: Any) -> Any:
    from onvif.zeep_aiohttp import AIOHTTPTransport
    from requests import Response
    from zeep.wsdl.utils import etree_to_string

    class Guarded(AIOHTTPTransport):
        """Posts through `fetching`; the library's own session is never used."""

        async def post_xml(self, address: str, envelope: Any, headers: dict[str, str]) -> Response:
            return await _posted(address, etree_to_string(envelope), headers)

    async def _posted(address: str, content: bytes, headers: dict[str, str]) -> Response:
        try:
            answer = await fetch("POST", address, content=content, headers=headers)
        except FetchFault as fault:
            raise _Stopped(SoapFault(fault.cause)) from None
        if answer.status == 401 and not answer.body.lstrip().startswith(b"<"):
            raise _Stopped(Refused())
        if answer.media_type not in XML_TYPES:
            raise _Stopped(Refused() if answer.status == 401 else SoapFault("not_onvif"))
        try:
            envelopes.parsed(answer.body)
        except envelopes.BadXml as bad:
            raise _Stopped(SoapFault("hostile_xml" if bad.is_hostile else "not_onvif")) from None
        response = Response()
        response.status_code = answer.status
        response._content = answer.body
        response.headers["Content-Type"] = answer.media_type
        response.encoding = answer.encoding
        return response

    return Guarded(session)


def _quiet() -> None:
    """The library configures the root logger when imported, and zeep logs whole envelopes when asked to debug."""
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    import onvif  # noqa: F401

    for handler in root.handlers[:]:
        if handler not in before:
            root.removeHandler(handler)
    for name in ("zeep", "onvif", "httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
