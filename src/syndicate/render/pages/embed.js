// <syndicate-feed>: newest posts of a feed. See docs/how-to/embed-a-feed.md.
(() => {
  "use strict";
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`:where(syndicate-feed),:host{display:block;color:var(--syndicate-text,inherit);background:var(--syndicate-background,none);min-block-size:calc(var(--syndicate-rows)*var(--syndicate-row,9.5em))}
.syndicate{list-style:none;margin:0;padding:0}
.syndicate>li{display:flow-root;box-sizing:border-box;min-block-size:var(--syndicate-row,9.5em);padding-block:.75em;border-block-start:1px solid var(--syndicate-rule,#8888)}
.syndicate :is(h1,h2,h3,h4,h5,h6,p){margin:0 0 .25em;font-size:1em;line-height:1.35}
.syndicate a{color:var(--syndicate-link,LinkText)}
.syndicate img{float:inline-end;inline-size:min(30%,11em);block-size:auto;aspect-ratio:16/9;object-fit:cover;margin-inline-start:1em}
.syndicate .text{display:-webkit-box;-webkit-box-orient:vertical;-webkit-line-clamp:3;overflow:hidden}
.syndicate.carousel{display:flex;gap:1em;overflow-x:auto;scroll-snap-type:x mandatory}
.syndicate.carousel>li{flex:0 0 min(18em,85%);scroll-snap-align:start}
.syndicate.carousel img{float:none;inline-size:100%;margin:0}
syndicate-feed[theme=light]{color-scheme:light;--syndicate-text:#1b2430;--syndicate-background:#fff;--syndicate-link:#0a5099}
syndicate-feed[theme=dark]{color-scheme:dark;--syndicate-text:#e6ebf0;--syndicate-background:#10161d;--syndicate-link:#8cc0fa}`);
  const adopt = (root) => {
    const sheets = root.adoptedStyleSheets;
    if (!sheets.includes(sheet)) root.adoptedStyleSheets = [...sheets, sheet];
  };
  const make = (name, attributes, ...children) => {
    const element = document.createElement(name);
    for (const key in attributes) if (attributes[key]) element.setAttribute(key, attributes[key]);
    element.append(...children.filter(Boolean));
    return element;
  };
  const web = (url) => (/^https?:/i.test(url) ? url : "");

  class SyndicateFeed extends HTMLElement {
    static observedAttributes = ["src", "heading", "limit", "summary", "image", "date", "layout"];

    connectedCallback() {
      adopt(this.getRootNode());
      this.attributeChangedCallback();
    }

    attributeChangedCallback() {
      this.style.setProperty("--syndicate-rows", this.is("layout", "carousel") ? 2.5 : this.number("limit", 5, 20));
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.isConnected && this.load());
    }

    is(name, value) {
      return this.getAttribute(name) === value;
    }

    number(name, initial, max) {
      const value = Number(this.getAttribute(name));
      return Number.isInteger(value) && value > 0 && value <= max ? value : initial;
    }

    async load() {
      this.request?.abort();
      const { signal } = (this.request = new AbortController());
      this.ariaBusy = "true";
      let type = "syndicate-load", detail;
      try {
        const url = new URL(this.getAttribute("src"), document.baseURI);
        url.searchParams.set("limit", this.number("limit", 5, 20));
        url.searchParams.set("content", "none");
        const response = await fetch(url, { signal, credentials: "omit" });
        if (!response.ok) throw Error(response.status);
        this.show((detail = await response.json()));
      } catch (error) {
        type = "syndicate-error";
        detail = error;
      }
      if (signal.aborted) return;
      this.ariaBusy = null;
      this.dispatchEvent(new CustomEvent(type, { bubbles: true, composed: true, detail }));
    }

    show(feed) {
      const carousel = this.is("layout", "carousel");
      const posts = feed.items.map((item) => this.post(item, feed, carousel));
      const list = make("ul", { class: carousel ? "syndicate carousel" : "syndicate", role: "list" }, ...posts);
      this.role = carousel ? "group" : null;
      this.ariaRoleDescription = carousel ? "carousel" : null;
      this.ariaLabel = carousel ? feed.title : null;
      const level = this.number("heading", 2, 6);
      const title = make("h" + level, {}, make("a", { href: web(feed.home_page_url) }, feed.title));
      const shadow = this.hasAttribute("shadow") && !this.is("shadow", "false");
      const root = shadow ? this.shadowRoot || this.attachShadow({ mode: "open" }) : this;
      adopt(root.getRootNode());
      root.replaceChildren(title, carousel ? this.buttons(list, feed.title) : "", list);
    }

    post(item, feed, carousel) {
      const own = item._syndicate || {};
      const card = (carousel && own.carousel) || {};
      const lang = item.language || feed.language || "en";
      const day = own.date || item.date_published?.slice(0, 10);
      const written = day && new Date(day).toLocaleDateString(lang, { dateStyle: "long", timeZone: "UTC" });
      const image = web(card.image || item.image);
      const picture = !this.is("image", "false") && image && make("img", { src: image });
      if (picture) {
        picture.alt = card.image_alt || own.image_alt || "";
        picture.onerror = () => picture.remove();
      }
      const summary = !this.is("summary", "false") && (card.summary || item.summary);
      const title = make("a", { href: web(item.url) }, card.title || item.title || item.summary || item.url);
      return make("li", lang !== feed.language && { lang, dir: "auto" }, picture,
        make(`h${Math.min(this.number("heading", 2, 6) + 1, 6)}`, {}, title),
        !this.is("date", "false") && written && make("p", {}, make("time", { datetime: day }, written)),
        summary && make("p", { class: "text" }, summary));
    }

    buttons(list, title) {
      list.tabIndex = 0;
      list.ariaLabel = title;
      const calm = matchMedia("(prefers-reduced-motion: reduce)");
      const button = (text, step) => {
        const element = make("button", { type: "button" }, text);
        const left = () => step * list.firstChild?.offsetWidth;
        element.onclick = () => list.scrollBy({ left: left(), behavior: calm.matches ? "auto" : "smooth" });
        return element;
      };
      return make("div", {}, button("Previous", -1), " ", button("Next", 1));
    }
  }
  customElements.get("syndicate-feed") || customElements.define("syndicate-feed", SyndicateFeed);
})();
