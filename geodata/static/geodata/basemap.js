// The drawn base map: the community's own shapes, or raster tiles when the installation has an address of some.

import { placeLabels } from "./labels.js";

/** @typedef {import("./leaflet.js").CityMap} CityMap */
/** @typedef {import("./leaflet.js").Shape} Shape */
/** @typedef {{type: string, coordinates: any}} Geometry */
/** @typedef {{geometry: Geometry, properties: {kind: string, name: string}}} Feature */
/** @typedef {{tilesUrl: string, tilesAttribution: string, baseUrl: string}} BaseConfig */
/** @typedef {{kind: string, className: string, from?: number, metres?: number, casing?: number, line?: number}} Look */

/** From the bottom up. `metres`: width on the ground; `line`: width in pixels; `from`: farthest zoom that shows it.
 * @type {Look[]} */
const LOOKS = [
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
/** A community without drawn land stands on its own boundary. @type {Look} */
const BARE = { kind: "boundary", className: "t-land" };

/** @param {Geometry} geometry @returns {{polygons: any[], lines: any[]}} */
function partsOf({ type, coordinates }) {
  switch (type) {
    case "Polygon":
      return { polygons: [coordinates], lines: [] };
    case "MultiPolygon":
      return { polygons: coordinates, lines: [] };
    case "LineString":
      return { polygons: [], lines: [coordinates] };
    case "MultiLineString":
      return { polygons: [], lines: coordinates };
    default:
      return { polygons: [], lines: [] };
  }
}

/** @param {Look} look @param {number} metresPerPixel @returns {number} width in pixels */
function weigh({ metres, casing = 0, line = 1 }, metresPerPixel) {
  if (metres === undefined) return line;
  return Math.min(Math.max(metres / metresPerPixel, metres > 10 ? 1.6 : 0.8), 3 * metres) + casing;
}

/** @param {Feature[]} features @returns {Shape[]} one per look: few paths are quick to move and zoom */
function shapesOf(features) {
  const hasLand = features.some(({ properties }) => properties.kind === "land");
  return (hasLand ? LOOKS : [BARE, ...LOOKS]).flatMap((look) => {
    const parts = features.filter(({ properties }) => properties.kind === look.kind).map(({ geometry }) => partsOf(geometry));
    const rings = parts.flatMap(({ polygons }) => polygons);
    const isFilled = look.metres === undefined && look.line === undefined;
    const lines = isFilled ? [] : [...parts.flatMap((part) => part.lines), ...rings.flat()];
    const coordinates = isFilled ? rings : lines;
    const weight = (/** @type {number} */ metresPerPixel) => weigh(look, metresPerPixel);
    const shape = { className: look.className, lines: !isFilled, fill: isFilled, coordinates, weight, from: look.from ?? 0 };
    return coordinates.length ? [shape] : [];
  });
}

/** @param {CityMap} map @param {string} url @returns {Promise<void>} */
async function drawShapes(map, url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${response.status} ${url}`);
  /** @type {Feature[]} */
  const features = (await response.json()).features;
  map.drawShapes(shapesOf(features));
  const named = features
    .filter(({ properties }) => properties.name)
    .map(({ geometry, properties }) => ({ ...properties, ...partsOf(geometry) }));
  const label = () => map.setLabels(placeLabels(map, named));
  map.onMoved(label);
  label();
}

/**
 * Puts the base map under `map`, and the credit of tiles into `credit`.
 * @param {CityMap} map
 * @param {BaseConfig} config
 * @param {HTMLElement | null} credit
 * @returns {Promise<void>} rejects when the shapes cannot be read
 */
export async function layBase(map, { tilesUrl, tilesAttribution, baseUrl }, credit) {
  if (!tilesUrl) return drawShapes(map, baseUrl);
  const own = credit?.textContent ?? "";
  if (credit && tilesAttribution) credit.innerHTML = tilesAttribution; // written by the operator
  map.addTiles(tilesUrl, () => {
    if (credit) credit.textContent = own;
    drawShapes(map, baseUrl).catch(console.warn);
  });
}
