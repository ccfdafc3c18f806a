"""Names of values in template tags are found before the tags are resolved."""

from syndicate.content.site_references import find_value_names


def test_words_in_tags_may_be_names() -> None:
    """Quoted texts are not; the argument of ``param`` is."""
    body = (
        'a.b {{ site.email | prepend: "x.y" }} {% include f.html url=page.image %} '
        '{{ site.data.list[1] }} {{< param "Office.Phone" >}} {{ site.email }}'
    )
    assert find_value_names(body) == (
        *("site.email", "prepend", "include", "f.html", "url", "page.image"),
        *("site.data.list[1]", "param.office.phone", "param"),
    )


def test_text_without_tags_has_no_names() -> None:
    """Most posts."""
    assert find_value_names("a { b.c }") == ()
