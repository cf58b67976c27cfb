"use strict";
// Without this script every way is shown at once. With it, a click on a source shows the way of that source alone.
(() => {
  let chosen = null;
  const clear = () => {
    if (chosen === null) return;
    chosen.setAttribute("aria-pressed", "false");
    const file = chosen.closest(".file");
    file.classList.remove("lit");
    for (const line of file.querySelectorAll(".code>.on")) line.classList.remove("on", "c", "r", "u");
    for (const part of file.querySelectorAll(".off")) part.classList.remove("off");
    chosen = null;
  };
  const choose = (source) => {
    const again = chosen === source;
    clear();
    if (again) return;
    chosen = source;
    source.setAttribute("aria-pressed", "true");
    source.closest(".file").classList.add("lit");
    for (const word of source.dataset.w.split(" ").filter(Boolean)) {
      const line = document.getElementById(word.slice(0, -1));
      if (line) line.classList.add("on", word.slice(-1));
    }
    for (const part of source.closest(".card").querySelectorAll(".way [data-s]")) {
      part.classList.toggle("off", !part.dataset.s.split(" ").includes(source.dataset.n));
    }
  };
  for (const source of document.querySelectorAll(".sources a")) {
    source.setAttribute("role", "button");
    source.setAttribute("aria-pressed", "false");
    source.addEventListener("click", (event) => {
      event.preventDefault();
      choose(source);
    });
    source.addEventListener("keydown", (event) => {
      if (event.key === " ") {
        event.preventDefault();
        choose(source);
      }
    });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") clear();
  });
})();
