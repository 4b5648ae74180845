// The search of the map page: addresses and coordinates move the map, things open, words filter what is shown.

import { PlaceSearch } from "./place-search.js";

/** @typedef {import("./leaflet.js").CityMap} CityMap */
/** @typedef {{words: import("./words.js").Words, filters: import("./filters.js").Filters, map: CityMap, onWords: () => void}} Surroundings */

const AT_THE_DOOR = 17; // zoom at which one sees houses

/** @param {HTMLFormElement} form @param {Surroundings} around */
export function searchBox(form, { words, filters, map, onWords }) {
  new PlaceSearch(form, {
    words,
    near: () => map.view().centre,
    takePlain: () => false,
    onTaken(at) {
      map.setPaths("found", [{ className: "found-place", kind: "dot", coordinates: at }]);
      map.moveTo(at, Math.max(map.view().zoom, AT_THE_DOOR));
    },
    onOther({ dataset: { words: text, href } }) {
      if (href) return location.assign(href);
      filters.set("q", text ?? "");
      onWords();
    },
  });
  form.addEventListener("submit", (event) => event.preventDefault()); // Enter takes what was found
}
