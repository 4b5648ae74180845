// Sharing and printing: the buttons show themselves where the browser can do it.

/** @param {HTMLButtonElement} button */
function offerToShare(button) {
  const { url = "", title = "" } = button.dataset;
  if (!navigator.share) return;
  button.hidden = false;
  button.addEventListener("click", () => navigator.share({ title, url }).catch(() => undefined)); // somebody thought better of it
}

for (const button of document.querySelectorAll("button[data-share]"))
  offerToShare(/** @type {HTMLButtonElement} */ (button));
for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("button[data-print]"))) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
