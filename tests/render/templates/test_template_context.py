"""Values that template tags refer to."""

from syndicate.render.templates.template_context import TemplateContext
from syndicate.render.templates.template_tags import TagCall

CONTEXT = TemplateContext(
    site_url="https://a.gov/handbook/",
    page_url="https://a.gov/handbook/p/",
    values={"page.image": "/a.png", "page.none": None, "picture": "/b.png"},
)


def test_urls_of_site_and_page_are_those_of_jekyll() -> None:
    """The base path is part of neither ``site.url`` nor ``page.url``."""
    names = ("site.url", "site.baseurl", "page.url", "page.none", "page.other")
    assert [CONTEXT.find(name) for name in names] == [
        *("https://a.gov", "/handbook", "/p/"),
        *(None, None),
    ]
    assert CONTEXT.is_nil("page.none")
    assert not CONTEXT.is_nil("page.other")


def test_paths_of_the_site_begin_with_the_base_path() -> None:
    """Other URLs stay."""
    written = ("/x", "x", "//b.gov/x", "https://b.gov/x")
    assert [CONTEXT.below_base(path) for path in written] == [
        *("/handbook/x", "x"),
        *("//b.gov/x", "https://b.gov/x"),
    ]


def test_unquoted_arguments_may_be_variables() -> None:
    """Those that are neither known nor look like one are words."""
    call = TagCall(
        name="include",
        arguments=("figure.html", "page.image"),
        named_arguments={"src": "picture", "alt": "page.image"},
        unquoted=frozenset({0, 1, "src"}),
    )
    known = CONTEXT.with_arguments(call)
    assert known is not None
    assert known.arguments == ("figure.html", "/a.png")
    assert known.named_arguments == {"src": "/b.png", "alt": "page.image"}


def test_call_with_an_unknown_variable_is_unknown() -> None:
    """Whether the engine has no value, or Syndicate does not know it."""
    for word in ("page.none", "page.other", "site.x.y", "include.url"):
        call = TagCall(name="include", named_arguments={"src": word}, unquoted=frozenset({"src"}))
        assert CONTEXT.with_arguments(call) is None
