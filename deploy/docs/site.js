"use strict";
// What the theme's own script leaves out: names of the navigations in which it puts the buttons
// that copy code, and tables that can be scrolled by keyboard.
{
  const complete = () => {
    document.querySelectorAll("nav.md-code__nav:not([aria-label])")
      .forEach((element, number) => element.setAttribute("aria-label", `Code ${number + 1}`));
    document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")
      .forEach((element) => element.setAttribute("tabindex", "0"));
  };
  new MutationObserver(complete).observe(document.body, { childList: true, subtree: true });
  complete();
}
