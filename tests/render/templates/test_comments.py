"""Comments of Liquid, Nunjucks and kramdown reach no reader; code keeps what looks like them.

What is expected here is what kramdown 2.4, Nunjucks 3.2 and LiquidJS 10 write; what these refuse
(a comment that never ends, one inside another) is hidden too.
"""

from dataclasses import replace

import pytest

from syndicate.dialects import DIALECTS
from syndicate.render.messages import CommentSyntax, RenderRequest
from syndicate.render.pipeline import render, truncated_fallback
from tests.cpu_time import takes_at_most
from tests.render.render_requests import render_request

KRAMDOWN = [
    "{::comment}\nSECRET\n{:/comment}",
    "{::comment}\nSECRET\n{:/}",
    "{::comment}\nSECRET\n\n# SECRET\n\n    SECRET\n{:/comment}",
    "  {::comment}\nSECRET\n  {:/comment}  ",
    '{::comment a="b"}\nSECRET\n{:/comment}',
    "{::comment}\n```\nSECRET\n{:/comment}",
    "{::comment}\nSECRET {:/comment} SECRET\n{:/comment}",
    "{::comment}\n{::nomarkdown}\nSECRET\n{:/nomarkdown}\nSECRET\n{:/comment}",
    "a {::comment}SECRET{:/comment} b",
    "a {::comment}SECRET{:/} b",
    "a {::comment}SECRET\nSECRET{:/comment} b",
    "a {::comment}`SECRET{:/comment} `b`",
    "a {::comment /} b",
    "{::comment}\nSECRET\n{:/comment}b",
    "a\n{::comment}\nSECRET\n{:/comment}\nb",
    "- a\n  {::comment}\n  SECRET\n  {:/comment}\n- b",
    "> {::comment}\n> SECRET\n>\n> SECRET\n> {:/comment}\n> b",
    "# A {::comment}SECRET{:/comment}",
    "| a | b {::comment}SECRET{:/comment} |\n|---|---|\n| c | d |",
    "{% raw %}{::comment}SECRET{:/comment}{% endraw %}",
]
LIQUID = [
    "{% comment %}SECRET{% endcomment %}",
    "{%- comment -%}\nSECRET\n\n# SECRET\n{%- endcomment -%}",
    "a {% comment %}`SECRET{% endcomment %} b `c`",
    "{% comment %}\n```\nSECRET\n{% endcomment %}\n\n```\nx\n```",
    "{% comment %}{% comment %}SECRET{% endcomment %}SECRET{% endcomment %}",
    "{% comment %}{% raw %}{% endcomment %}{% endraw %}SECRET{% endcomment %}",
    "{% comment SECRET %}{{ SECRET {% if %} SECRET{% endcomment %}",
    "a {% # SECRET %} b",
    "a {%- # SECRET\n # SECRET -%} b",
    "- a {% comment %}\n  SECRET `\n  {% endcomment %}\n- b",
    "{% comment %}{% # SECRET %}SECRET{% endcomment %}",
    "a {% comment %}SECRET",
    "{% comment %}SECRET{% endraw %}SECRET{% endcomment %}",
]
NUNJUCKS = [
    "{# SECRET #}",
    "{#SECRET#}",
    "a {#- SECRET -#} b",
    "{#\nSECRET\n\n# SECRET\n\n    SECRET\n#}",
    "{# ``` SECRET #}\n\n```\nx\n```",
    "a {# `SECRET #} `b`",
    "a {# {{ SECRET }} {% raw %} SECRET #} b {# {% endraw %} SECRET #}",
    "a {# SECRET {# SECRET #} b",
    "{#.a SECRET #} b",
]


def with_syntaxes(body: str, *comments: CommentSyntax) -> RenderRequest:
    """Return the request for ``body`` with comment syntaxes."""
    return replace(render_request(body), comment_syntaxes=comments)


@pytest.mark.parametrize(
    ("body", "syntax"),
    [
        *((body, "kramdown") for body in KRAMDOWN),
        *((body, "nunjucks") for body in [*LIQUID, *NUNJUCKS]),
        *((body, "kramdown") for body in LIQUID),
    ],
)
def test_comment_is_removed_from_content_text_and_fallback(
    body: str, syntax: CommentSyntax
) -> None:
    """The text around it is kept, without a diagnostic."""
    request = with_syntaxes(f"Before.\n\n{body}\n\nAfter.", syntax)
    for result in (render(request), truncated_fallback(request, 1)):
        assert "SECRET" not in result.content + result.text
        assert result.text.startswith("Before.")
        assert "{" not in result.content
    assert not render(request).diagnostics
    assert render(request).text.endswith("After.") or body.endswith("SECRET")


@pytest.mark.parametrize(
    "body",
    [
        "`{::comment}SHOWN{:/comment}`",
        "```\n{::comment}\nSHOWN\n{:/comment}\n```",
        "~~~\n{# SHOWN #}\n~~~",
        "a\n\n    {::comment}\n    SHOWN\n    {:/comment}",
        "a\n\n    {# SHOWN #}",
        "`{# SHOWN #}`",
        "`{% comment %}` SHOWN `{% endcomment %}`",
        "Write `{% comment %}`.\n\nSHOWN\n\nClose it with `{% endcomment %}`.",
        "Write `{::comment}`.\n\nSHOWN\n\nClose it with `{:/comment}`.",
        "{% raw %}{# SHOWN #}{% endraw %}",
        "{% verbatim %}{# SHOWN #}{% endverbatim %}",
        "{% raw %}{% comment %}SHOWN{% endcomment %}{% endraw %}",
        "{% highlight jinja %}\n{# SHOWN #}\n{% endhighlight %}",
        "{::nomarkdown}{::comment}SHOWN{:/comment}{:/nomarkdown}",
        "{::nomarkdown}\n{::comment}SHOWN{:/comment}\n{:/nomarkdown}",
        r"\{::comment}SHOWN{:/comment}",
        "{::comment}\nSHOWN",
        "a {::comment}SHOWN\n\nb{:/comment}",
        "{::COMMENT}\nSHOWN\n{:/COMMENT}",
        "## SHOWN {#id}\n\n#} b",
        "{#id .class} SHOWN #}",
        "a {# SHOWN",
        "{% raw %}SHOWN",
        "{% highlight x %} {% comment %}a{% endcomment %} SHOWN",
    ],
)
def test_text_that_looks_like_a_comment_is_kept(body: str) -> None:
    """Code, verbatim text, escapes, attributes, and comments that the engine does not close."""
    content = render(with_syntaxes(body, "kramdown", "nunjucks")).content
    assert content.count("SHOWN") == 1


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ("a\n{::comment}\nX\n{:/comment}\nb", "<p>a\nb</p>"),
        ("{::comment}\nX\n{:/comment}\nb", "<p>b</p>"),
        ("a {#- X -#} b", "<p>ab</p>"),
        ("a\n\n{#- X -#}\n\nb", "<p>ab</p>"),
        ("a {# X -#}\n b", "<p>a b</p>"),
        ("a {%- comment -%} X {%- endcomment -%} b", "<p>ab</p>"),
        ("a {%- comment %} X {% endcomment %} b", "<p>a b</p>"),
    ],
)
def test_comment_with_hyphens_strips_white_space(body: str, content: str) -> None:
    """As in Nunjucks and in Liquid."""
    assert render(with_syntaxes(body, "kramdown", "nunjucks")).content == content


@pytest.mark.parametrize(
    "body",
    [
        "a {{< comment >}}{{< ref SECRET >}} SECRET{{< /comment >}} b",
        "a {{% comment %}}SECRET{{% /comment %}} b",
        "a\n\n{{< comment >}}\nSECRET `\n{{< /comment >}}\n\nb",
    ],
)
def test_content_of_the_comment_shortcode_is_removed(body: str) -> None:
    """Themes of Hugo have a shortcode of that name."""
    result = render(with_syntaxes(body))
    assert "SECRET" not in result.content
    assert result.text.split() == ["a", "b"]


def test_diagnostics_after_a_comment_have_the_line_in_the_file() -> None:
    """The body of a request begins in line 5."""
    (note,) = render(with_syntaxes("{#\nX\n\nX\n#}\n\n{{ unknown }}", "nunjucks")).diagnostics
    assert note.line == 11


def test_fallback_has_no_comment_that_ends_after_the_limit() -> None:
    """Of HTML neither."""
    for opening, closing in (("{::comment}\n", "\n{:/comment}"), ("{#", "#}"), ("<!--", "-->")):
        body = f"Before.\n\n{opening}{'SECRET ' * 3000}{closing}\n\nAfter."
        text = truncated_fallback(with_syntaxes(body, "kramdown", "nunjucks"), 1).text
        assert text == "Before."


@pytest.mark.parametrize(
    ("dialect", "hides"),
    [
        ("jekyll", ("kramdown", "nunjucks")),
        ("news-and-blog", ("kramdown",)),
        ("program-updates", ("kramdown",)),
        ("hugo", ()),
    ],
)
def test_each_dialect_removes_the_comments_of_its_engines(
    dialect: str, hides: tuple[str, ...]
) -> None:
    """The dialect ``jekyll`` also reads sites of Eleventy."""
    assert DIALECTS[dialect].comment_syntaxes == hides
    body = "a {# b #} {::comment}c{:/comment}"
    request = render_request(body, engine=DIALECTS[dialect].markdown)
    text = render(replace(request, comment_syntaxes=DIALECTS[dialect].comment_syntaxes)).text
    assert ("b" not in text, "c" not in text.replace("comment", "")) == (
        "nunjucks" in hides,
        "kramdown" in hides,
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "piece",
    [
        *("{::comment}\n", "{::comment} ", "{:/comment}\n", "{# ", "#} ", "{% comment %}", "{% # "),
        *(
            "{% raw %}",
            "{% comment %}\n",
            "`{# `",
            "{::comment}`\n",
            "{#- ",
            "{%- # x -%} ",
            "<!--",
            "{::comment ",
        ),
    ],
)
@pytest.mark.unmeasured
def test_many_unclosed_comments_take_linear_time(piece: str) -> None:
    """A hundred thousand characters of comment openings."""
    request = with_syntaxes(piece * (100_000 // len(piece)), "kramdown", "nunjucks")
    assert takes_at_most(150, lambda: truncated_fallback(request, 1))
