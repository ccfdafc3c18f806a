"""The expansion of known tags."""

from dataclasses import replace

import pytest

from syndicate.model.markdown_options import GOLDMARK
from syndicate.render.templates.shortcodes import expand
from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_tags import find_tags

CONTEXT = TemplateContext(
    site_url="https://a.gov",
    page_url="https://a.gov/post/",
    link_targets={
        "about.es.md": "https://a.gov/es/about/",
        "2024-01-01-x": "https://a.gov/x/",
        "about.md": "https://a.gov/about/",
    },
)

KNOWN = [
    ('{{ "/a b" | url }}', "/a%20b"),
    ('{{ "a" | relative_url }}', "/a"),
    ('{{ "/a" | absolute_url | escape }}', "/a"),
    ("{{site.baseurl}}", ""),
    ("{{ site.url }}", "https://a.gov"),
    ("{{ page.url }}", "/post/"),
    ('{% image "assets/a.png" "A &ldquo;cat&rdquo;" %}', '<img src="/assets/a.png" alt="A “cat”">'),
    ('{% image "https://b.gov/a.png" %}', '<img src="https://b.gov/a.png">'),
    ('{% image_with_class "/a.png" "wide" "A cat" %}', '<img src="/a.png" alt="A cat">'),
    ('{% image_with_class "/a.png" "wide" %}', '<img src="/a.png">'),
    ('{{< img src="a.png" alt="" >}}', '<img src="a.png" alt="">'),
    ('{{< img "a.png" "A cat" >}}', '<img src="a.png" alt="A cat">'),
    (
        '{{< figure src="a.png" alt="A" link="/b" caption="By *me*" >}}',
        (
            '<figure><a href="/b"><img src="a.png" alt="A"></a>'
            "<figcaption>By <em>me</em></figcaption>"
            "</figure>"
        ),
    ),
    ('{% include figure.html image="/a.png" alt="A" %}', '<img src="/a.png" alt="A">'),
    ("{% post_url 2024-01-01-x %}", "https://a.gov/x/"),
    ('{{< relref "about.md#us" >}}', "https://a.gov/about/#us"),
    ('{{< relref path="about.md" lang="es" >}}', "https://a.gov/es/about/"),
    ('{{< ref "#us" >}}', "https://a.gov/post/#us"),
    ('{{ "jane-doe" | team_link }}', "Jane Doe"),
    ("{% author joe_roe %}", "Joe Roe"),
    ('{{ "jane" | team_photo }}', ""),
    ('{{ "https://v.gov/1" | embed: "The talk" }}', '<a href="https://v.gov/1">The talk</a>'),
    ('{% embed "https://v.gov/1" %}', '<a href="https://v.gov/1">Embedded content from v.gov</a>'),
    ('{% embed "//[v" %}', '<a href="//[v">Embedded content from [v</a>'),
    ('{% oembed "x" %}', '<a href="x">Embedded content from elsewhere</a>'),
    ("{{< youtube abc >}}", '<a href="https://www.youtube.com/watch?v=abc">Video on YouTube</a>'),
    (
        '{{< youtube id="abc" title="Talk" >}}',
        '<a href="https://www.youtube.com/watch?v=abc">Talk</a>',
    ),
    ("{{< vimeo 12 >}}", '<a href="https://vimeo.com/12">Video on Vimeo</a>'),
    ("{{< instagram q >}}", '<a href="https://www.instagram.com/p/q">Post on Instagram</a>'),
    ('{{< x user="a" id="1" >}}', '<a href="https://x.com/a/status/1">Post on X</a>'),
    ("{{< tweet 1 >}}", '<a href="https://x.com/i/status/1">Post on X</a>'),
    (
        '{% twitter "https://x.com/a/status/1" %}',
        '<a href="https://x.com/a/status/1">Post on X</a>',
    ),
    ("{{< gist a 1 >}}", '<a href="https://gist.github.com/a/1">Gist</a>'),
    ("{{</* note */>}}", "\ufdd0\ufdd0< note >}}"),
]

UNKNOWN = [
    "{{ page.excerpt }}",
    "{{ page.image | url }}",
    '{{ "x" | frobnicate | url }}',
    "{% if x %}",
    "{% include nav.html %}",
    "{% image %}",
    "{% post_url 1999-nowhere %}",
    "{{< note >}}",
    "{{< youtube >}}",
    "{{< x >}}",
    "{{< gist >}}",
    "{% embed %}",
    "{% author %}",
    "{{ never closed",
]


@pytest.mark.parametrize(("source", "expected"), KNOWN)
def test_known_tag_is_expanded(source: str, expected: str) -> None:
    """To Markdown or HTML."""
    (tag,) = find_tags(source, ())
    assert expand(tag, CONTEXT) == expected


@pytest.mark.parametrize("source", UNKNOWN)
def test_unknown_tag_is_not_expanded(source: str) -> None:
    """Nor is a known tag without its required argument."""
    (tag,) = find_tags(source, ())
    assert expand(tag, CONTEXT) is None


def test_paired_shortcode_keeps_its_content() -> None:
    """The tags themselves are removed."""
    (tag,) = find_tags("{{< note >}}", ())
    assert expand(tag, CONTEXT, is_paired=True) == ""


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ('{{ "jane" | team_link }}', "Jane D.", "Jane D."),
        ('"jane" | team_link', "Jane D.", "Jane D."),
        ("team_link", "<b>$1</b>", "<b>jane</b>"),
        ("team_link", "$2 for $$", "$2 for $$"),
        ("team_photo", "no", "Jane"),
    ],
)
def test_replacement_in_the_settings_has_priority(key: str, value: str, expected: str) -> None:
    """By the whole tag, its inner text, or its name; arguments replace $1, $name."""
    (tag,) = find_tags('{{ "jane" | team_link }}', ())
    context = TemplateContext(site_url="", page_url="", replacements={key: value})
    assert expand(tag, context) == expected


def test_replacement_may_use_named_arguments() -> None:
    """They are escaped, because they may be in an attribute."""
    (tag,) = find_tags('{{< img src="cat" alt="\'<A>" >}}', ())
    value = '<img src="https://img.gov/$src.jpg" alt="$alt">'
    context = TemplateContext(site_url="", page_url="", replacements={"img": value})
    assert expand(tag, context) == '<img src="https://img.gov/cat.jpg" alt="\'&lt;A&gt;">'


def test_html_of_shortcodes_is_marked_where_that_of_texts_is_left_out() -> None:
    """Hugo inserts what ``{{<`` writes as it is; the settings decide about their own HTML."""
    options = replace(GOLDMARK.options, omits_html=True)
    context = replace(
        CONTEXT, engine=replace(GOLDMARK, options=options), replacements={"note": "<b>Note</b>"}
    )
    body = '{{< figure "a.png" >}}{{% figure "a.png" %}}{{% note %}}{{< note >}}{{< none >}}'
    assert [expand(tag, context) for tag in find_tags(body, ())] == [
        '<img data-syndicate-template src="a.png">',
        '<img src="a.png">',
        "<b data-syndicate-template>Note</b>",
        "<b data-syndicate-template>Note</b>",
        None,
    ]
