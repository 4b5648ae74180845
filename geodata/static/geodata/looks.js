// How the base map looks, drawn of shapes or of tiles: what lies on what, how wide it is, from which zoom on. Colours are
// those of town.css, found by the class names.

/** @typedef {{kind: string, className: string, from?: number, metres?: number, casing?: number, line?: number}} Look */
/** @typedef {{className: string, size: number, from: number, spread?: number}} Face `spread`: letter spacing, em */

/** From the bottom up. `metres`: width on the ground; `line`: width in pixels; `from`: farthest zoom that shows it.
 * @type {Look[]} */
export const LOOKS = [
  { kind: "land", className: "t-land" },
  { kind: "park", className: "t-park" },
  { kind: "water", className: "t-water" },
  { kind: "street", className: "t-road-c", metres: 7, casing: 1.6, from: 14 },
  { kind: "road", className: "t-road-c", metres: 13, casing: 2 },
  { kind: "street", className: "t-minor", metres: 7, from: 13 },
  { kind: "rail", className: "t-rail-c", line: 3 },
  { kind: "rail", className: "t-rail", line: 1.6 },
  { kind: "road", className: "t-road", metres: 13 },
  { kind: "building", className: "t-bld", from: 16 },
  { kind: "area", className: "t-dist", line: 1.2 },
  { kind: "boundary", className: "t-rim", line: 1.6 },
];

/** Who speaks first; farther than `from` it is silent. @type {Record<string, Face>} */
export const FACES = {
  area: { className: "t-name", size: 13, from: 12, spread: 0.12 },
  road: { className: "t-street", size: 11, from: 15 },
  street: { className: "t-street", size: 10.5, from: 16 },
  park: { className: "t-parkname", size: 10.5, from: 15 },
  water: { className: "t-river", size: 12, from: 15 },
};

/** @param {Look} look @returns {boolean} an area, not a line */
export const isFilled = ({ metres, line }) => metres === undefined && line === undefined;

/** @param {Look} look @param {number} metresPerPixel @returns {number} width in pixels */
export function weigh({ metres, casing = 0, line = 1 }, metresPerPixel) {
  if (metres === undefined) return line;
  return Math.min(Math.max(metres / metresPerPixel, metres > 10 ? 1.6 : 0.8), 3 * metres) + casing;
}
