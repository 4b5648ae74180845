// What a person chose to see. The form holds it, the address repeats it, chips show it.

import { copyOf } from "./page.js";

/** @typedef {import("./leaflet.js").Box} Box */
/** @typedef {{box: Box, zoom: number}} View */

const CHOICES = new Set(["state", "category"]);

/** @param {string | null} text “west,south,east,north” in degrees @returns {Box | null} */
export function readBox(text) {
  const [west, south, east, north, ...rest] = (text ?? "").split(",").map(Number);
  const isBox = rest.length === 0 && west < east && south < north;
  return isBox ? { west, south, east, north } : null;
}

/** @param {Box} box @returns {string} about 0.1 m precise */
export const writeBox = ({ west, south, east, north }) =>
  [west, south, east, north].map((degrees) => degrees.toFixed(6)).join(",");

/**
 * The query that the server, the list and the address understand.
 * @param {HTMLFormElement} form
 * @param {View} view
 * @returns {URLSearchParams}
 */
export function queryOf(form, view) {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (CHOICES.has(name)) query.append(name, String(value));
  query.set("box", writeBox(view.box));
  query.set("zoom", String(view.zoom));
  return query;
}

/**
 * Shows each choice as a chip that takes it back.
 * @param {HTMLFormElement} form
 * @param {HTMLElement} place
 */
export function showChips(form, place) {
  const boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll("input[type=checkbox]:checked")]);
  const chips = boxes.map((box) => {
    const chip = copyOf("chip");
    chip.prepend(box.dataset.label ?? box.value);
    chip.addEventListener("click", () => {
      const next = chip.nextElementSibling ?? chip.previousElementSibling;
      const after = next instanceof HTMLElement ? [...place.children].indexOf(chip) : -1;
      box.checked = false;
      form.dispatchEvent(new Event("change", { bubbles: true }));
      const left = /** @type {HTMLElement | undefined} */ (place.children[Math.min(after, place.children.length - 1)]);
      (left ?? box.closest("details:not([open])")?.querySelector("summary") ?? box).focus();
    });
    return chip;
  });
  place.replaceChildren(...chips);
}
