// The map alone, inside a frame of any site: marks open what they stand for in a window of their own.

import { layBase } from "./basemap.js";
import { readBox, writeBox } from "./filters.js";
import { CityMap } from "./leaflet.js";
import { marksOf } from "./marks.js";
import { afterPause, find, isReplaced, newestOnly, readJson } from "./page.js";
import { boxOf, piled } from "./piles.js";
import { pathsOf } from "./shapes.js";
import { wordsOf } from "./words.js";

/** @typedef {import("./map.js").Config & {query: string}} Config */

const FEW_MARKS = 12; // in the smallest frame before they gather into clusters
const ELBOW_ROOM = 130 * 130; // square pixels of map that allow one mark more
/** @type {Config} */
const config = readJson("map-config");
const words = wordsOf(find("#main", HTMLElement), find("#mark-words", HTMLElement));
const trouble = find("#trouble", HTMLElement);
const full = find("#in-full", HTMLAnchorElement);
const getMarks = newestOnly();
const NOTHING = { top: 0, right: 0, bottom: 0, left: 0 };

const map = new CityMap(find("#map-canvas", HTMLElement), {
  centre: config.centre,
  zoom: config.zoom,
  insets: () => NOTHING,
  air: { top: 56, right: 76, bottom: 56, left: 30 },
  wheel: false, // the page around scrolls
  step: 60,
  name: words("map"),
});

/** @param {URLSearchParams} query @returns {string} the map page with this view */
const inFull = (query) => `${config.mapUrl}?${query}`;

async function refresh() {
  const { box, zoom } = map.view();
  const query = new URLSearchParams(config.query);
  query.set("box", writeBox(box));
  query.set("zoom", String(zoom));
  full.href = inFull(query);
  query.set("most", String(Math.round(FEW_MARKS + map.area() / ELBOW_ROOM)));
  try {
    const { features, shapes } = await (await getMarks(`${config.marksUrl}?${query}`)).json();
    const { isNearest } = map;
    const apart = piled(features, (at) => map.pixels(at), isNearest);
    map.setMarks(marksOf(apart, { words, icons: config.icons, isNearest, onCluster, onThing, onNear: () => {} }));
    map.setPaths("things", pathsOf(shapes));
    trouble.hidden = true;
  } catch (error) {
    if (isReplaced(error)) return;
    console.warn(error);
    trouble.textContent = words("failed");
    trouble.hidden = false;
  }
}

/** @param {import("./marks.js").MarkFeature} cluster */
function onCluster(cluster) {
  if (!map.isNearest) return map.comeNearer(boxOf(cluster));
  const query = new URLSearchParams(config.query);
  query.set("box", writeBox(boxOf(cluster)));
  open(inFull(query), "_blank", "noopener");
}

/** @param {string} key */
function onThing(key) {
  const link = map.markElement(key);
  if (link instanceof HTMLAnchorElement) open(link.href, "_blank", "noopener");
}

document.body.classList.add("has-script");
const box = readBox(new URLSearchParams(location.search).get("box"));
if (box) map.showBox(box, null);
layBase(map, config, find("#credit", HTMLElement)).catch(console.warn);
map.onMoved(afterPause(refresh, 120));
find("#nearer", HTMLElement).addEventListener("click", () => map.zoomBy(1));
find("#farther", HTMLElement).addEventListener("click", () => map.zoomBy(-1));
refresh();
