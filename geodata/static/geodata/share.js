// The address of exactly this picture, and one line of HTML that shows it on another site.

import { writeBox } from "./filters.js";
import { find } from "./page.js";

/** @typedef {import("./filters.js").Filters} Filters */
/** @typedef {{embedUrl: string, filters: Filters, view: () => import("./filters.js").View}} Surroundings */

const SIZES = { width: [200, 2000], height: [150, 2000] }; // pixels that a frame may have

/** @param {string} text @returns {string} inside the quotes of an attribute */
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

export class Share {
  /** @type {HTMLDialogElement} */ #dialog;
  /** @type {Surroundings} */ #around;

  /** @param {HTMLDialogElement} dialog @param {Surroundings} around */
  constructor(dialog, around) {
    [this.#dialog, this.#around] = [dialog, around];
    find("form", HTMLFormElement, dialog).addEventListener("input", () => this.#writeFrame());
    const send = find("[data-send]", HTMLButtonElement, dialog);
    send.hidden = !("share" in navigator);
    send.addEventListener("click", () => this.#send());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close()); // beside it
  }

  open() {
    find("#share-address", HTMLInputElement).value = location.href;
    for (const layer of this.#around.filters.layers) {
      const box = this.#dialog.querySelector(`input[name=embedded][value="${CSS.escape(layer.name)}"]`);
      if (box instanceof HTMLInputElement) box.checked = layer.checked;
    }
    for (const said of this.#dialog.querySelectorAll("[role=status]")) said.textContent = "";
    this.#writeFrame();
    this.#dialog.showModal();
  }

  async #send() {
    try {
      await navigator.share({ title: document.title, url: location.href });
    } catch (error) {
      if (!(error instanceof DOMException)) throw error; // somebody thought better of it
    }
  }

  /** One line of HTML: the frame with the chosen size, layers, filters and place. */
  #writeFrame() {
    const { embedUrl, filters, view } = this.#around;
    const form = find("form", HTMLFormElement, this.#dialog);
    const query = filters.choices();
    query.delete("layer");
    const chosen = new FormData(form).getAll("embedded").map(String);
    for (const name of chosen) query.append("layer", name);
    query.set("box", writeBox(view().box));
    if (document.documentElement.lang !== "uk") query.set("lang", document.documentElement.lang);
    const address = new URL(`${embedUrl}?${query}`, location.href).href;
    const [width, height] = /** @type {const} */ (["width", "height"]).map((name) => {
      const [least, most] = SIZES[name];
      const field = find(`[name=${name}]`, HTMLInputElement, form);
      return Math.min(Math.max(Math.round(field.valueAsNumber) || Number(field.defaultValue), least), most);
    });
    const facts = { src: address, width, height, title: this.#dialog.dataset.title ?? "", loading: "lazy", referrerpolicy: "no-referrer", allow: "fullscreen" };
    const written = Object.entries(facts).map(([name, value]) => `${name}="${escaped(String(value))}"`);
    find("#share-frame", HTMLInputElement).value = `<iframe ${written.join(" ")} style="border:0;max-width:100%"></iframe>`;
  }
}
