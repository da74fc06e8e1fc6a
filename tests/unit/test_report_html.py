from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.html import join, raw, tag

# Without carriage returns, which a parser turns into line feeds, and the zero byte, which HTML has no way to write.
TEXT = st.text(st.characters(exclude_characters="\r\0", exclude_categories=("Cs",)))


class Reader(HTMLParser):
    """Collects the text and the attributes of a page."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.attributes, self.text = [], [], ""
        self.feed(html)
        self.close()

    def handle_starttag(self, name, attributes):
        self.tags.append(name)
        self.attributes += attributes

    def handle_data(self, data):
        self.text += data


@given(TEXT)
def test_text_reads_back_as_it_was_and_makes_no_element(text):
    reader = Reader(tag("p", text))

    assert (reader.tags, reader.text) == (["p"], text)


@given(TEXT)
def test_an_attribute_reads_back_as_it_was_and_makes_no_other(text):
    reader = Reader(tag("img", alt=text))

    assert reader.attributes == [("alt", text)]


def test_an_element_inside_another_is_not_escaped_again():
    assert tag("p", tag("b", "a & b")) == "<p><b>a &amp; b</b></p>"


def test_joining_escapes_only_what_is_text():
    assert join("<", tag("br"), raw("&nbsp;")) == "&lt;<br>&nbsp;"


def test_an_attribute_that_is_none_is_left_out():
    assert tag("p", id=None, class_="a", aria_label="b") == '<p class="a" aria-label="b"></p>'
