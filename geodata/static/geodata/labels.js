// Words on the drawn base map: names of areas and parks at their middle, names of streets along them.

import { FACES } from "./looks.js";

/** @typedef {import("./leaflet.js").CityMap} CityMap */
/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").Label} Label */
/** @typedef {{kind: string, name: string, polygons: any[], lines: any[]}} Named */
/** @typedef {import("./looks.js").Face} Face */
/** @typedef {{x: number, y: number}} Pixel */
/** @typedef {{left: number, top: number, right: number, bottom: number}} Room */

const MOST = 40;
const pen = document.createElement("canvas").getContext("2d");

/** @param {string} text @param {Face} face @returns {number} pixels, about */
function widthOf(text, { size, spread = 0 }) {
  if (!pen) return text.length * size * 0.6;
  pen.font = `600 ${size}px sans-serif`;
  return pen.measureText(text).width + text.length * size * spread;
}

/** @param {Pixel} a @param {Pixel} b @returns {number} */
const distance = (a, b) => Math.hypot(b.x - a.x, b.y - a.y);

/** @param {Pixel} a @param {Pixel} b @returns {number} radians */
const direction = (a, b) => Math.atan2(b.y - a.y, b.x - a.x);

/** @param {number} one @param {number} other @returns {number} radians between two directions */
const turn = (one, other) => Math.abs(((one - other + 3 * Math.PI) % (2 * Math.PI)) - Math.PI);

/**
 * The longest nearly straight stretch of a line inside the view.
 * @param {Pixel[]} line
 * @param {(point: Pixel) => boolean} isSeen
 * @returns {{from: Pixel, to: Pixel} | null}
 */
function straightest(line, isSeen) {
  /** @type {{from: Pixel, to: Pixel} | null} */
  let best = null;
  for (let first = 0; first < line.length - 1; first += 1) {
    if (!isSeen(line[first])) continue;
    let last = first + 1;
    const heading = direction(line[first], line[last]);
    while (last + 1 < line.length && isSeen(line[last]) && turn(heading, direction(line[last], line[last + 1])) < 0.35) last += 1;
    if (!best || distance(line[first], line[last]) > distance(best.from, best.to)) best = { from: line[first], to: line[last] };
  }
  return best;
}

/** Middle of the largest ring by the shoelace formula. @param {any[]} polygons @returns {LonLat | null} */
function middleOf(polygons) {
  let best = { area: 0, at: /** @type {LonLat | null} */ (null) };
  for (const [ring] of polygons) {
    let [area, x, y] = [0, 0, 0];
    const [ox, oy] = ring[0];
    for (let index = 0; index < ring.length - 1; index += 1) {
      const [ax, ay, bx, by] = [ring[index][0] - ox, ring[index][1] - oy, ring[index + 1][0] - ox, ring[index + 1][1] - oy];
      const cross = ax * by - bx * ay;
      area += cross;
      x += (ax + bx) * cross;
      y += (ay + by) * cross;
    }
    if (Math.abs(area) > best.area) best = { area: Math.abs(area), at: [ox + x / (3 * area), oy + y / (3 * area)] };
  }
  return best.at;
}

/** @param {string} text @param {Face} face @param {number} angle degrees @returns {Element} */
function wordElement(text, { className, size }, angle) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "map-word");
  const word = document.createElementNS("http://www.w3.org/2000/svg", "text");
  word.setAttribute("class", className);
  word.setAttribute("font-size", String(size));
  word.setAttribute("text-anchor", "middle");
  word.setAttribute("dominant-baseline", "central");
  word.setAttribute("transform", `rotate(${angle.toFixed(1)})`);
  word.textContent = text;
  svg.append(word);
  return svg;
}

/** @param {Pixel} at @param {number} width @param {number} height @param {number} angle radians @returns {Room} */
function roomOf({ x, y }, width, height, angle) {
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  const [half, tall] = [(width * cos + height * sin) / 2 + 6, (width * sin + height * cos) / 2 + 4];
  return { left: x - half, top: y - tall, right: x + half, bottom: y + tall };
}

/** @param {Room} one @param {Room} other */
const overlap = (one, other) =>
  one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;

/**
 * Where a name may stand now.
 * @param {CityMap} map
 * @param {Named} named
 * @param {Face} face
 * @returns {{at: LonLat, pixel: Pixel, angle: number} | null} angle in radians
 */
function spotFor(map, { name, polygons, lines }, face) {
  const { width, height } = map.size();
  const isSeen = (/** @type {Pixel} */ { x, y }) => x > -40 && y > -40 && x < width + 40 && y < height + 40;
  if (polygons.length) {
    const at = middleOf(polygons);
    const pixel = at && map.pixels(at);
    return at && pixel && isSeen(pixel) ? { at, pixel, angle: 0 } : null;
  }
  /** @type {{from: Pixel, to: Pixel} | null} */
  let best = null;
  for (const line of lines) {
    const stretch = straightest(line.map((/** @type {LonLat} */ point) => map.pixels(point)), isSeen);
    if (stretch && (!best || distance(stretch.from, stretch.to) > distance(best.from, best.to))) best = stretch;
  }
  if (!best || distance(best.from, best.to) < widthOf(name, face) * 0.9) return null;
  let angle = direction(best.from, best.to);
  if (Math.abs(angle) > Math.PI / 2) angle -= Math.sign(angle) * Math.PI;
  const pixel = { x: (best.from.x + best.to.x) / 2, y: (best.from.y + best.to.y) / 2 };
  return isSeen(pixel) ? { at: map.placeAt(pixel), pixel, angle } : null;
}

/**
 * Names that fit without touching each other.
 * @param {CityMap} map
 * @param {Named[]} named
 * @returns {Label[]}
 */
export function placeLabels(map, named) {
  const { zoom } = map.view();
  /** @type {Label[]} */ const labels = [];
  /** @type {Room[]} */ const taken = [];
  const said = new Set();
  for (const [kind, face] of Object.entries(FACES)) {
    if (zoom < face.from) continue;
    for (const one of named) {
      if (one.kind !== kind || said.has(one.name) || labels.length >= MOST) continue;
      const spot = spotFor(map, one, face);
      if (!spot) continue;
      const room = roomOf(spot.pixel, widthOf(one.name, face), face.size * 1.3, spot.angle);
      if (taken.some((other) => overlap(room, other))) continue;
      taken.push(room);
      said.add(one.name);
      labels.push({ at: spot.at, element: () => wordElement(one.name, face, (spot.angle * 180) / Math.PI) });
    }
  }
  return labels;
}
