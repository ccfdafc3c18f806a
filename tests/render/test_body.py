"""A post's body, from the file to what readers get."""

from syndicate.model.post import Image
from syndicate.render.body import Job, inline_text, references, render

PAGE = "https://agency.example.gov/news/a-post/"


def job(body: str) -> Job:
    """Return a job as the index makes them."""
    return Job(
        body=body, first_line=5, page_url=PAGE, site_url="https://agency.example.gov", key="k1"
    )


def test_a_body_becomes_html_text_and_image() -> None:
    """Content is HTML, text is the same without tags, the first image is absolute."""
    rendering = render(job("Some *words*.\n\n![A chart](chart.png)\n"))
    assert rendering.content.startswith("<p>Some <em>words</em>.</p>")
    assert rendering.text == "Some words."
    assert rendering.image == Image(url=f"{PAGE}chart.png", alt="A chart")


def test_a_note_says_where_in_the_file_it_belongs() -> None:
    """Line and column are those of the file, front matter included."""
    (note,) = render(job("One\n\ntwo {% frobnicate %} three\n")).notes
    assert (note.rule, note.level, note.line, note.column) == ("template", "notice", 7, 5)


def test_a_summary_is_read_as_markdown_and_as_html() -> None:
    """Markup, entities and line breaks are gone from inline text."""
    assert (
        inline_text("**New** <em>help\n center</em> &amp; [more](/x)") == "New help center & more"
    )


def test_references_are_names_and_paths_inside_the_site() -> None:
    """Template names, relative links and images count; addresses of others do not."""
    body = (
        '[a]({% post_url 2024-01-01-x %}) [b](other.md#part) [c](https://x.gov) {% image "p.png" %}'
    )
    assert references(body) == ("2024-01-01-x", "other.md", "/p.png")
