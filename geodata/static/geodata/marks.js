// Elements that stand on the map: marks, clusters, "you are here". Shape = family of states, icon = category.

import { copyOf } from "./page.js";

/** @typedef {import("./leaflet.js").Mark} Mark */
/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./words.js").Words} Words */
/** @typedef {{cluster: true, count: number, wait: number, work: number, done: number, shut: number, none: number}} Cluster */
/** @typedef {{key: string, at: LonLat}} Placed */
/**
 * @typedef {object} Thing
 * @property {undefined} [cluster]
 * @property {string} layer
 * @property {number} id
 * @property {number | null} number
 * @property {string} title
 * @property {string} state
 * @property {string} state_group
 * @property {string} icon
 * @property {string} url
 * @property {boolean} late
 */
/** @typedef {{geometry: {coordinates: LonLat}, bbox?: [number, number, number, number], properties: Cluster | Thing}} MarkFeature */
/**
 * @typedef {object} Handlers
 * @property {Words} words
 * @property {Record<string, string>} icons
 * @property {(cluster: MarkFeature) => void} onCluster
 * @property {boolean} isNearest nothing parts a cluster any more: it leads to the list
 * @property {(key: string) => void} onThing
 * @property {(key: string, isNear: boolean) => void} onNear
 */

const SVG = "http://www.w3.org/2000/svg";
const FAMILIES = /** @type {const} */ (["wait", "work", "done", "shut", "none"]);
// How large a cluster of how many is drawn; the pixels are those of map.css.
const SIZES = [
  { under: 10, className: "cluster cluster-s", pixels: 44 },
  { under: 100, className: "cluster", pixels: 52 },
  { under: 1000, className: "cluster cluster-l", pixels: 60 },
  { under: 100_000, className: "cluster cluster-l is-long", pixels: 60 },
  { under: Infinity, className: "cluster cluster-xl is-long", pixels: 84 },
];
const RING = { radius: 43, gap: 2 }; // of a 100 × 100 box; the gap in hundredths of the ring

/** @param {Thing} thing @returns {string} names the same thing in the list, on the map and in the address */
export const keyOf = ({ layer, id }) => `${layer}-${id}`;

/** @param {number} count @returns {{className: string, pixels: number}} of a cluster */
export const sizeOf = (count) => /** @type {{className: string, pixels: number}} */ (SIZES.find(({ under }) => count < under));

/** @param {MarkFeature[]} features @returns {Placed[]} the single things among them, with their keys and places */
export function placesOf(features) {
  return features.flatMap(({ geometry, properties }) =>
    properties.cluster ? [] : [{ key: keyOf(properties), at: geometry.coordinates }],
  );
}

/** @param {string} name @param {Record<string, string>} attributes @param {Element[]} children */
function svg(name, attributes, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {Cluster} cluster @returns {SVGElement} a ring of the shares of state families */
function ring(cluster) {
  let start = 0;
  const arcs = FAMILIES.filter((family) => cluster[family] > 0).map((family) => {
    const share = (100 * cluster[family]) / cluster.count;
    const drawn = share >= 100 ? 100 : Math.max(share - RING.gap, 1);
    const arc = svg("circle", {
      class: `ring-${family}`,
      cx: "50",
      cy: "50",
      r: String(RING.radius),
      pathLength: "100",
      "stroke-dasharray": `${drawn} ${100 - drawn}`,
      "stroke-dashoffset": String(-start),
    });
    start += share;
    return arc;
  });
  return svg("svg", { viewBox: "0 0 100 100", "aria-hidden": "true" }, ...arcs);
}

/** @param {Cluster} cluster @param {Handlers} handlers @returns {string} */
function spokenCluster(cluster, { words, isNearest }) {
  const shares = FAMILIES.filter((family) => cluster[family] > 0);
  if (cluster.none === cluster.count) return words(isNearest ? "bare-pile" : "bare-cluster", { n: cluster.count });
  const parts = shares.map((family) => words("share", { family: words(family), n: cluster[family] }));
  return words(isNearest ? "pile" : "cluster", { n: cluster.count, shares: parts.join(", ") });
}

/** @param {MarkFeature} feature @param {Cluster} cluster @param {Handlers} handlers @returns {HTMLElement} */
function clusterElement(feature, cluster, handlers) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = sizeOf(cluster.count).className;
  button.setAttribute("aria-label", spokenCluster(cluster, handlers));
  const number = document.createElement("b");
  number.textContent = cluster.count.toLocaleString(document.documentElement.lang);
  button.append(ring(cluster), number);
  onPress(button, () => handlers.onCluster(feature));
  return button;
}

/** @param {Thing} thing @param {Words} words @returns {string} */
function spokenThing(thing, words) {
  const name = thing.number ? `№ ${thing.number} ${thing.title}` : thing.title;
  const layer = thing.layer === "issues" ? [] : [words(`layer-${thing.layer}`)];
  const state = thing.state_group === "none" ? [] : [words(`${thing.layer}-${thing.state_group}`)];
  return [...layer, name, ...state, ...(thing.late ? [words("late")] : [])].join(", ");
}

/** @param {Thing} thing @param {Handlers} handlers @returns {HTMLElement} */
function thingElement(thing, { words, icons, onThing, onNear }) {
  const link = document.createElement("a");
  const key = keyOf(thing);
  const own = document.getElementById(`shape-of-${thing.layer}`); // a kind of thing with a silhouette of its own
  link.className = own ? `mark m-${thing.layer} in-${thing.state_group}` : `mark m-${thing.state_group}`;
  link.href = thing.url;
  link.draggable = false;
  link.setAttribute("aria-label", spokenThing(thing, words));
  const icon = svg("svg", { class: "i", viewBox: "0 0 24 24", "aria-hidden": "true" });
  icon.innerHTML = icons[thing.icon] ?? icons.pin ?? ""; // our own drawings
  link.append(copyOf(own ? own.id : `shape-${thing.state_group}`), icon);
  if (thing.late) link.append(copyOf("shape-late"));
  onPress(link, () => onThing(key));
  for (const event of ["pointerenter", "focus"]) link.addEventListener(event, () => onNear(key, true));
  for (const event of ["pointerleave", "blur"]) link.addEventListener(event, () => onNear(key, false));
  return link;
}

/** A plain press, not the end of a drag and not "open in a new tab". @param {HTMLElement} element @param {() => void} action */
function onPress(element, action) {
  let [x, y] = [0, 0];
  element.addEventListener("pointerdown", (event) => ([x, y] = [event.clientX, event.clientY]));
  element.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const dragged = event.detail > 0 && Math.hypot(event.clientX - x, event.clientY - y) > 6;
    if (!dragged) action();
  });
}

/** @param {MarkFeature[]} features @param {Handlers} handlers @returns {Mark[]} */
export function marksOf(features, handlers) {
  return features.map((feature) => {
    const { geometry, properties } = feature;
    const at = geometry.coordinates;
    const look = JSON.stringify([handlers.isNearest, feature.bbox, properties]);
    return properties.cluster
      ? { key: `cluster ${at.join(" ")}`, look, at, element: () => clusterElement(feature, properties, handlers) }
      : { key: keyOf(properties), look, at, element: () => thingElement(properties, handlers) };
  });
}

/** @param {string} name accessible name @returns {HTMLElement} */
export function hereElement(name) {
  const dot = document.createElement("span");
  dot.className = "here";
  dot.setAttribute("role", "img");
  dot.setAttribute("aria-label", name);
  return dot;
}
