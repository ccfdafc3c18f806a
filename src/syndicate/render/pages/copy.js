"use strict";
{
  const status = document.createElement("p");
  status.className = "visually-hidden";
  status.setAttribute("role", "status");
  document.querySelector("main").append(status);

  // Browsers have no clipboard where a page is not from https: there, the selection is copied.
  const copy = async (code) => {
    if (navigator.clipboard) return navigator.clipboard.writeText(code.textContent);
    getSelection().selectAllChildren(code);
    if (!document.execCommand("copy")) throw new Error("not copied");
  };

  for (const code of document.querySelectorAll(".code > pre")) {
    const name = code.getAttribute("aria-label");
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${name}`);
    button.addEventListener("click", () => copy(code).then(
      () => { status.textContent = `Copied: ${name}`; button.textContent = "Copied"; },
      () => { status.textContent = "Select the text and copy it."; code.focus(); },
    ));
    code.parentElement.append(button);
  }
}
