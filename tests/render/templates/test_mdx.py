"""MDX becomes Markdown: program goes, texts stay."""

from dataclasses import replace

import pytest

from syndicate.render.diagnostics import MAX_DIAGNOSTICS
from syndicate.render.pipeline import render, truncated_fallback
from syndicate.render.templates.mdx import resolve_mdx
from tests.cpu_time import takes_at_most
from tests.render.render_requests import render_request

_LIMIT = 30
"""Times 100 kB of ordinary Markdown (`tests.cpu_time`)."""

CASES = [
    ("import Tabs from '@theme/Tabs';\n\nText.\n", "\n\nText.\n"),
    ('import {\n  A,\n  B,\n} from "x"\n\nText.\n', "\n\n\n\n\nText.\n"),
    ("export const a = {\n  b: 1,\n};\n\nText.\n", "\n\n\n\nText.\n"),
    ("a {/* HIDDEN\nHIDDEN */}b", "a \nb"),
    ("a{' '}b {\"c\"}", "a b c"),
    ('<Tabs groupId="x">\ntext\n</Tabs>', "\ntext\n"),
    ("<Icon.Star />x", "x"),
    ("<><b>x</b></>", "<b>x</b>"),
    ('<Image src="/a.png" alt="A" priority />', '<img src="/a.png" alt="A" priority="">'),
    ('<Image src={require("./a.png").default} alt={`A`} />', '<img src="./a.png" alt="A">'),
    ("<Link href='/x'>y</Link>", '<a href="/x">y</a>'),
    ("<div style={{color: 'red'}} title=\"t\">x</div>", '<div title="t">x</div>'),
    ("<img src={useBaseUrl('/a.png')} onLoad={() => { f('}') }} />", '<img src="/a.png">'),
    ("<Card {...props}>x</Card>", "x"),
    ("<Chart data={[1, 2]} label={name}>x", "x"),
    ("`<Tabs>` and <Tabs>", "`<Tabs>` and "),
    ("import tax on goods rises.\n", "import tax on goods rises.\n"),
    ("a < B and <b>c</b> <Never closed", "a < B and <b>c</b> <Never closed"),
    ("<Open x={1", "<Open x={1"),
]


@pytest.mark.parametrize(("mdx", "markdown"), CASES)
def test_program_goes_and_text_stays(mdx: str, markdown: str) -> None:
    """Lines keep their numbers; images and links of components become those of HTML."""
    code = ((0, 8),) if mdx.startswith("`") else ()
    assert resolve_mdx(mdx, code, first_line=1).text == markdown


def test_component_is_reported_once_with_its_line() -> None:
    """Its end tag is not; neither are images, links, imports and comments."""
    mdx = "import A from 'a'\n\n<Tabs>\n<Image src='/x.png' />{/* c */}\n</Tabs>\n<><b/></>\n"
    (problem,) = resolve_mdx(mdx, (), first_line=5).diagnostics
    assert (problem.level, problem.rule, problem.line, problem.column) == (
        *("notice", "template"),
        *(7, 1),
    )
    assert problem.message == "<Tabs> was left out: a component"
    assert len(resolve_mdx("<A/>" * 500, (), first_line=1).diagnostics) == MAX_DIAGNOSTICS


def test_post_of_an_mdx_site_is_rendered_without_program() -> None:
    """Also the beginning of a post that takes too long."""
    body = "import A from 'a'\n\n<A>Text</A> `<A>`\n\n{/* HIDDEN */}\n"
    request = replace(render_request(body), comment_syntaxes=("mdx",), flavour="commonmark")
    assert render(request).content == "<p>Text <code>&lt;A&gt;</code></p>"
    assert [each.message for each in render(request).diagnostics] == [
        "<A> was left out: a component"
    ]
    assert truncated_fallback(request, 2.0).text == "Text `<A>`"


def test_after_a_hundred_open_tags_the_rest_stays_as_it_is() -> None:
    """Each takes a search for its end, and no text that people write has that many."""
    few, many = "<Open " * 100, "<Open " * 101
    assert resolve_mdx(f"{few}<Tabs>x", (), first_line=1).text == f"{few}x"
    assert resolve_mdx(f"{many}<Tabs>x", (), first_line=1).text == f"{many}<Tabs>x"


def test_less_than_sign_inside_of_a_tag_means_that_it_is_none() -> None:
    """The tag that begins there is one."""
    assert resolve_mdx("<Open a <Tabs>x", (), first_line=1).text == "<Open a x"


@pytest.mark.slow
@pytest.mark.unmeasured
@pytest.mark.parametrize(
    "piece",
    [
        *("<A ", "<a {", "<A x={", "{/*", "import a\n", "<A x={<A x={", "{'", "export {", "<", "{"),
        *('<A x="', "<A {a}", "<>", "</A", "import {\n", "<A>", "{'a'}"),
    ],
)
def test_any_repetition_takes_linear_time(piece: str) -> None:
    """A body of the largest size that is read."""
    body = piece * (1_000_000 // len(piece))
    assert takes_at_most(_LIMIT, lambda: resolve_mdx(body, (), first_line=1))
