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
    // The name of the button begins with the words that are seen, for those who speak to it.
    const label = (words) => {
      button.textContent = words;
      button.setAttribute("aria-label", `${words}: ${name}`);
    };
    label("Copy");
    let timer;
    button.addEventListener("click", () => copy(code).then(
      () => {
        status.textContent = `Copied: ${name}`;
        label("Copied");
        clearTimeout(timer);
        timer = setTimeout(() => { label("Copy"); status.textContent = ""; }, 4000);
      },
      () => { status.textContent = "Select the text and copy it."; code.focus(); },
    ));
    code.parentElement.append(button);
  }
}
