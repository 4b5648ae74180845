// What a person chose to see. The form holds it, the address repeats it, chips show it.

import { copyOf } from "./page.js";

/** @typedef {import("./leaflet.js").Box} Box */
/** @typedef {{box: Box, zoom: number}} View */

const CHOICES = new Set(["state", "category", "from", "to", "q", "area"]);

/** @param {string | null} text “west,south,east,north” in degrees @returns {Box | null} */
export function readBox(text) {
  const [west, south, east, north, ...rest] = (text ?? "").split(",").map(Number);
  const isBox = rest.length === 0 && west < east && south < north;
  return isBox ? { west, south, east, north } : null;
}

/** @param {Box} box @returns {string} about 0.1 m precise */
export const writeBox = ({ west, south, east, north }) =>
  [west, south, east, north].map((degrees) => degrees.toFixed(6)).join(",");

export class Filters {
  /** @type {HTMLFormElement} */ #form;
  /** @type {HTMLElement} */ #chips;

  /** @param {HTMLFormElement} form @param {HTMLElement} chips where the choices stand, each to be taken back */
  constructor(form, chips) {
    [this.#form, this.#chips] = [form, chips];
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  /** Runs `listener` when a person chose something else. @param {(event: Event) => void} listener */
  onChange(listener) {
    this.#form.addEventListener("change", (event) => {
      if (!this.layers.some(({ checked, isOffered }) => checked && isOffered)) for (const one of this.layers) one.checked = one.defaultIsOn;
      listener(event);
    });
  }

  /** @returns {{name: string, label: string, checked: boolean, defaultIsOn: boolean, isOffered: boolean}[]} all layers; `checked` may be set */
  get layers() {
    const boxes = /** @type {NodeListOf<HTMLInputElement>} */ (this.#form.querySelectorAll("input[name=layer]"));
    return [...boxes].map((box) => ({
      name: box.value,
      label: box.dataset.label ?? box.value,
      defaultIsOn: box.hasAttribute("data-default"),
      isOffered: !box.hidden,
      get checked() {
        return box.checked;
      },
      set checked(is) {
        box.checked = is;
      },
    }));
  }

  /** What is chosen, without the view. @returns {URLSearchParams} */
  choices() {
    const query = new URLSearchParams();
    const shown = this.layers.filter(({ checked }) => checked);
    if (this.layers.some(({ checked, defaultIsOn }) => checked !== defaultIsOn))
      for (const { name } of shown) query.append("layer", name);
    for (const [name, value] of new FormData(this.#form)) if (CHOICES.has(name) && value) query.append(name, String(value));
    return query;
  }

  /** The query that the server, the list and the address understand. @param {View} view @returns {URLSearchParams} */
  query(view) {
    const query = this.choices();
    query.set("box", writeBox(view.box));
    query.set("zoom", String(view.zoom));
    return query;
  }

  /** Writes the view into the form, for those who send it. @param {URLSearchParams} query */
  rememberView(query) {
    for (const name of ["box", "zoom"]) this.set(name, query.get(name) ?? "");
  }

  /** @param {string} name of a field with one value @param {string} value */
  set(name, value) {
    const field = this.#form.elements.namedItem(name);
    if (field instanceof HTMLInputElement) field.value = value;
  }

  /** Takes what the server says can be chosen, and keeps what is chosen. @param {ParentNode} page the same page, read anew */
  takeMenus(page) {
    for (const part of document.querySelectorAll("[data-menu]")) {
      const fresh = page.querySelector(`[data-menu="${part.getAttribute("data-menu")}"]`);
      if (fresh) part.replaceChildren(...fresh.children);
    }
  }

  /** Shows each choice as a chip that takes it back, and one chip more. @param {HTMLElement[]} more */
  showChips(...more) {
    const chosen = /** @type {NodeListOf<HTMLInputElement>} */ (
      this.#form.querySelectorAll("input:is([name=state], [name=category]):checked, input[data-chip]")
    );
    const chips = [...chosen].filter(({ type, value }) => type === "checkbox" || value).map((field) => this.#chip(field));
    this.#chips.replaceChildren(...chips, ...more);
  }

  /** @param {HTMLInputElement} field */
  #chip(field) {
    const chip = copyOf("chip");
    chip.prepend(labelOf(field));
    chip.addEventListener("click", () => {
      const after = [...this.#chips.children].indexOf(chip);
      if (field.type === "checkbox") field.checked = false;
      else field.value = "";
      field.dispatchEvent(new Event("change", { bubbles: true }));
      const left = /** @type {HTMLElement | undefined} */ (this.#chips.children[Math.min(after, this.#chips.children.length - 1)]);
      const instead = field.type === "checkbox" ? field : document.querySelector("#list-heading");
      (left ?? field.closest("details:not([open])")?.querySelector("summary") ?? /** @type {HTMLElement} */ (instead)).focus();
    });
    return chip;
  }
}

/** @param {HTMLInputElement} field @returns {string} words for its value */
function labelOf({ dataset: { label, chip }, value }) {
  if (chip === "words") return `«${value}»`;
  return label || value;
}
