// The actions behind a secret link: words that somebody began go along to the action that they choose instead.

/** @type {HTMLTextAreaElement | null} */
let last = null; // where somebody typed last

/** @param {HTMLDetailsElement} opened */
function bringWords(opened) {
  const words = opened.querySelector("textarea");
  if (!opened.open || !words || !last || last === words || words.value) return;
  [words.value, last.value] = [last.value, ""];
  last = words;
}

for (const words of document.querySelectorAll("form.act textarea"))
  words.addEventListener("input", () => (last = /** @type {HTMLTextAreaElement} */ (words)));
for (const folded of document.querySelectorAll("details"))
  folded.addEventListener("toggle", () => bringWords(folded));
