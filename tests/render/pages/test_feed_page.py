"""The page of a feed: posts, and a form with filters."""

from dataclasses import replace
from xml.etree.ElementTree import Element

from syndicate.render.pages.html_pages import FeedFilters, FilterOption
from tests import samples
from tests.render.parsed_html import by_class, links, parse_page, text
from tests.render.sample_pages import NO_FILTERS, PUBLIC_URL, feed_page_html


def test_feed_page_shows_each_post_with_its_link() -> None:
    """Title and link to the source, date, source, minutes, summary, categories, language."""
    post = samples.post(
        title="Una entrada",
        language="es",
        categories=(samples.TECHNOLOGY, samples.TTS),
        published=samples.PUBLISHED,
    )
    root = parse_page(
        feed_page_html(
            samples.feed(samples.rendered_post(post, summary="Breve.", reading_minutes=4))
        )
    )

    (article,) = root.iter("article")
    assert (article.get("lang"), article.get("dir")) == ("es", "auto")
    assert "Una entrada January 29, 2024 · Example agency, news · 4 min Breve." in text(article)
    hrefs = [link.get("href") for link in article.iter("a")]
    assert hrefs == [
        post.url,
        "/feeds/technology",
        "/feeds/all?category=tts",
        f"/posts/{post.key}",
    ]


def test_post_without_summary_or_categories_has_no_empty_elements() -> None:
    """Missing parts are left out."""
    post = samples.post(categories=())
    (article,) = parse_page(
        feed_page_html(samples.feed(samples.rendered_post(post, summary="")))
    ).iter("article")

    assert not list(article.iter("ul"))
    assert len(list(article.iter("p"))) == 2


def test_empty_feed_page_has_a_message() -> None:
    """A feed without posts is no error."""
    root = parse_page(feed_page_html(samples.feed(), total=0, unfiltered_total=0))

    assert "This feed has no posts yet." in text(root)
    assert "0 posts" in text(root)


def test_feed_page_links_to_older_posts_and_to_the_first_page() -> None:
    """Neither link if all posts are on the page."""
    one = samples.rendered_post()
    first = parse_page(
        feed_page_html(samples.feed(one, next_query="after=x"), total=60, unfiltered_total=60)
    )
    later = parse_page(
        feed_page_html(samples.feed(one, query="after=x"), total=60, unfiltered_total=60)
    )
    whole = parse_page(feed_page_html(samples.feed(one)))

    def pages(root: Element) -> list[str]:
        return [link.get("href", "") for nav in by_class(root, "paging") for link in nav.iter("a")]

    assert pages(first) == ["/feeds/all?after=x"]
    assert pages(later) == ["/feeds/all"]
    assert pages(whole) == []
    assert [link["href"] for link in links(first, "next")] == [f"{PUBLIC_URL}/feeds/all?after=x"]


def test_form_offers_filters_and_keeps_selected_ones() -> None:
    """Each option with its number of posts; filters can be cleared."""
    narrowing = FeedFilters(
        categories=(
            FilterOption(value="tts", title="TTS", posts=3, is_selected=True),
            FilterOption(value="design", title="Design", posts=2, is_selected=False),
        ),
        match_all=True,
        carousel=False,
        has_carousel=True,
        sources=(FilterOption(value="news", title="News", posts=5, is_selected=False),),
        languages=(FilterOption(value="es", title="es", posts=1, is_selected=True),),
        limit=20,
        max_limit=200,
        is_active=True,
    )
    root = parse_page(
        feed_page_html(
            samples.feed(samples.rendered_post()), narrowing, total=1, unfiltered_total=5
        )
    )

    (form,) = root.iter("form")
    assert (form.get("method"), form.get("action")) == ("get", "/feeds/all")
    inputs = {(i.get("name"), i.get("value"), "checked" in i.attrib) for i in form.iter("input")}
    assert inputs == {
        ("category", "tts", True),
        ("category", "design", False),
        ("source", "news", False),
        ("language", "es", True),
        ("limit", "20", False),
    }
    selected = [o.get("value") for o in form.iter("option") if "selected" in o.attrib]
    assert selected == ["all", "false"]
    assert "1 of 5 posts" in text(root)
    assert "These URLs include the filters below." in text(root)
    assert "open" in next(root.iter("details")).attrib


def test_form_omits_filters_without_a_choice() -> None:
    """Without categories, carousel or a second source and language, only the page size."""
    root = parse_page(feed_page_html(samples.feed(samples.rendered_post())))

    assert [field.get("name") for field in root.iter("input")] == ["limit"]
    assert not list(root.iter("select"))
    assert "open" not in next(root.iter("details")).attrib


def test_filters_show_ten_options_and_the_rest_on_demand() -> None:
    """A long list of categories."""
    choices = tuple(
        FilterOption(value=str(n), title=str(n), posts=1, is_selected=False) for n in range(13)
    )
    narrowing = replace(NO_FILTERS, categories=choices)

    root = parse_page(feed_page_html(samples.feed(samples.rendered_post()), narrowing))

    (rest,) = by_class(root, "many")
    assert [box.get("value") for box in rest.iter("input")] == ["10", "11", "12"]
    boxes = [box for box in root.iter("input") if box.get("name") == "category"]
    assert len(boxes) == 13
    assert "3 more categories" in text(root)


def test_second_page_links_to_the_first_one() -> None:
    """For people and for browsers."""
    feed = samples.feed(samples.rendered_post(), query="after=x")
    root = parse_page(feed_page_html(feed, previous_query=""))

    assert [link["href"] for link in links(root, "prev")] == [f"{PUBLIC_URL}/feeds/all"]
    (paging,) = by_class(root, "paging")
    assert text(paging) == "Newest posts"


def test_third_page_links_to_the_second_one() -> None:
    """Beside the first."""
    feed = samples.feed(samples.rendered_post(), query="after=y")
    root = parse_page(feed_page_html(feed, previous_query="after=x"))

    (paging,) = by_class(root, "paging")
    assert [(text(link), link.get("rel"), link.get("href")) for link in paging.iter("a")] == [
        ("Newest posts", None, "/feeds/all"),
        ("Newer posts", "prev", "/feeds/all?after=x"),
    ]
