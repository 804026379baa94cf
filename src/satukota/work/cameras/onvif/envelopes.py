"""XML of devices we do not trust: no document type, so nothing to expand and nothing to fetch."""

from __future__ import annotations

from typing import Any

from lxml import etree

Element = Any  # lxml comes without types


class BadXml(ValueError):
    """`is_hostile`: it tries to define entities; else it is just no XML."""

    def __init__(self, is_hostile: bool) -> None:
        super().__init__("hostile XML" if is_hostile else "not XML")
        self.is_hostile = is_hostile


def parsed(body: bytes) -> Element:
    """Raises BadXml."""
    check(body)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise BadXml(is_hostile=False) from None


def check(body: bytes) -> None:
    """Refuse before any parser sees it. Raises BadXml.

    UTF-16 and UTF-7 would hide a document type from this look at the bytes, so only ASCII supersets are let in.
    """
    start = body[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.startswith(b"<"):
        raise BadXml(is_hostile=b"\0" in start)
    if b"<!DOCTYPE" in body or b"<!ENTITY" in body or b"\0" in body or _odd_encoding(start):
        raise BadXml(is_hostile=True)


def _odd_encoding(start: bytes) -> bool:
    declaration = start[: start.find(b"?>")].lower() if start.startswith(b"<?xml") else b""
    if b"encoding" not in declaration:
        return False
    return not any(name in declaration for name in (b"utf-8", b"us-ascii", b"iso-8859-", b"windows-125", b"gb2312"))


def first(element: Element, *path: str) -> Element | None:
    """The first descendant along local names, whatever their namespace: vendors mix them up."""
    for name in path:
        found = next((node for node in element.iter() if local(node) == name and node is not element), None)
        if found is None:
            return None
        element = found
    return element


def text(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def local(node: Element) -> str:
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""
