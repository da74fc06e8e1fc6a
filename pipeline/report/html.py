"""HTML that cannot forget to escape: text is text unless it was made by `tag`.

>>> tag("p", "a < b", tag("b", "c"), class_="note")
'<p class="note">a &lt; b<b>c</b></p>'
"""

from html import escape

__all__ = ["Markup", "join", "raw", "tag"]

VOID = frozenset({"br", "col", "hr", "img", "link", "meta"})
"""Elements without an end."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def join(*parts: str) -> Markup:
    """Put pieces behind each other, escaping those that are plain text.

    >>> join("1 < 2", tag("br"))
    '1 &lt; 2<br>'
    """
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def tag(name: str, /, *children: str, **attributes: str | float | None) -> Markup:
    """Make an element.

    Parameters
    ----------
    children
        Elements, and plain text, which is escaped.
    attributes
        ``class_`` is class, ``stroke_width`` is stroke-width; those that are None are left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    if name in VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{join(*children)}</{name}>")


def raw(text: str) -> Markup:
    """Take text as HTML: for our own style sheet alone."""
    return Markup(text)
