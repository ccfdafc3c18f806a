"""Rendered posts built of the values of front matter and the results of the renderer."""

from syndicate.content.link_targets import LinkTargets
from syndicate.content.render_input import build_render_input, build_rendered_post
from syndicate.dialects.fields import AttachedFile, Fields
from syndicate.model.post import Attachment, SafeHtml
from syndicate.render.messages import RenderResult
from tests import samples


def test_attached_files_without_url_or_known_media_type_are_left_out() -> None:
    """No feed format can name them; those after them stay."""
    attached = (
        AttachedFile(url="//[bad", type="audio/mpeg"),
        AttachedFile(url="/recording"),
        AttachedFile(url="/talk.mp3", title="Talk"),
    )
    fields = Fields(
        title="a",
        language="en",
        translation="",
        word_digest=b"",
        word_count=0,
        attachments=attached,
    )
    render_input = build_render_input(
        samples.post(),
        b"---\ntitle: a\n---\nWords.\n",
        fields,
        source=samples.source(),
        targets=LinkTargets(posts=()),
    )
    empty = RenderResult(content=SafeHtml(""), text="", image=None, diagnostics=())

    rendered = build_rendered_post(render_input, (empty, empty, empty))

    assert rendered.attachments == (
        Attachment(url="https://www.example.gov/talk.mp3", type="audio/mpeg", title="Talk"),
    )
