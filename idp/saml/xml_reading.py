"""XML from outside is read here alone: no document type, no entities, no network, no comments, not too large."""

from lxml import etree

from idp.saml.names import PREFIXES, tag

LARGEST_MESSAGE, LARGEST_METADATA, MOST_ELEMENTS = 64 * 1024, 512 * 1024, 5000


class Unreadable(Exception):
    """Not a document that we take. The text says why, for the operator, and holds nothing of the document."""


def read_xml(raw: bytes, largest: int = LARGEST_MESSAGE) -> etree._Element:
    """The root of the document. Raises Unreadable.

    Comments and processing instructions are refused rather than dropped: a name that is cut in two by one is read as its first half by
    some programs, and a signature that leaves comments out does not notice.
    """
    if len(raw) > largest:
        raise Unreadable("the document is too large")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, dtd_validation=False, huge_tree=False)
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Unreadable("not well-formed XML") from None
    if root.getroottree().docinfo.doctype or root.getroottree().docinfo.internalDTD is not None:
        raise Unreadable("a document type is not taken")
    if root.getprevious() is not None or root.getnext() is not None:
        raise Unreadable("something stands beside the root")
    for count, node in enumerate(root.iter(), 1):
        if not isinstance(node.tag, str):
            raise Unreadable("comments, processing instructions and entities are not taken")
        if count > MOST_ELEMENTS:
            raise Unreadable("too many elements")
    return root


def children(element: etree._Element, name: str) -> list[etree._Element]:
    """The direct children of this name (`saml:Issuer`); nothing deeper is ever meant."""
    return list(element.findall(tag(name)))


def only_child(element: etree._Element, name: str) -> etree._Element | None:
    """The direct child of this name, None without one. Raises Unreadable for several."""
    found = children(element, name)
    if len(found) > 1:
        raise Unreadable(f"several {name}")
    return found[0] if found else None


def text_of(element: etree._Element | None) -> str:
    """The text of an element that holds nothing else. Raises Unreadable when it does."""
    if element is None:
        return ""
    if len(element):
        raise Unreadable("an element where text belongs")
    return (element.text or "").strip()


__all__ = ["LARGEST_MESSAGE", "LARGEST_METADATA", "PREFIXES", "Unreadable", "children", "only_child", "read_xml", "text_of"]
