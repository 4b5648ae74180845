// “See what others will see” in a dialog: the server writes it, nothing is sent.

import { find } from "../geodata/page.js";

const form = find("#report-form", HTMLFormElement);
const dialog = find("#preview-dialog", HTMLDialogElement);
const shown = find("[data-shown]", HTMLElement, dialog);
const button = find("[data-preview]", HTMLButtonElement, form);

/** Everything in the form but files that are not uploaded: those have keys when they are. */
function content() {
  const data = new FormData(form);
  for (const [name, value] of [...data.entries()]) if (value instanceof File) data.delete(name);
  data.set("do", "preview");
  return data;
}

async function show() {
  shown.replaceChildren();
  shown.setAttribute("aria-busy", "true");
  if (!dialog.open) dialog.showModal();
  try {
    const response = await fetch(button.dataset.preview ?? "", { method: "POST", body: content() });
    if (!response.ok && response.status !== 422) throw new Error(`The preview answered ${response.status}.`);
    shown.innerHTML = await response.text(); // our own server's words, escaped there
  } catch (error) {
    console.warn(error);
    shown.textContent = shown.dataset.wordFailed ?? "";
  }
  shown.removeAttribute("aria-busy");
}

button.addEventListener("click", (event) => {
  event.preventDefault();
  show();
});
find("[data-close]", HTMLButtonElement, dialog).addEventListener("click", () => dialog.close());
