// The base map: a PMTiles file or raster tiles when the installation has some, else the community's own shapes.

import { placeLabels } from "./labels.js";
import { isFilled, LOOKS, weigh } from "./looks.js";

/** @typedef {import("./leaflet.js").CityMap} CityMap */
/** @typedef {import("./leaflet.js").Shape} Shape */
/** @typedef {{type: string, coordinates: any}} Geometry */
/** @typedef {{geometry: Geometry, properties: {kind: string, name: string}}} Feature */
/** @typedef {import("./looks.js").Look} Look */
/** @typedef {{url: string, script: string, attribution: string, failed: string}} VectorConfig a PMTiles file */
/** @typedef {{vector: VectorConfig | null, tilesUrl: string, tilesAttribution: string, baseUrl: string}} BaseConfig */

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

/** @param {Feature[]} features @returns {Shape[]} one per look: few paths are quick to move and zoom */
function shapesOf(features) {
  const hasLand = features.some(({ properties }) => properties.kind === "land");
  return (hasLand ? LOOKS : [BARE, ...LOOKS]).flatMap((look) => {
    const parts = features.filter(({ properties }) => properties.kind === look.kind).map(({ geometry }) => partsOf(geometry));
    const rings = parts.flatMap(({ polygons }) => polygons);
    const fill = isFilled(look);
    const coordinates = fill ? rings : [...parts.flatMap((part) => part.lines), ...rings.flat()];
    const weight = (/** @type {number} */ metresPerPixel) => weigh(look, metresPerPixel);
    const shape = { className: look.className, lines: !fill, fill, coordinates, weight, from: look.from ?? 0 };
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
 * Says whose data the map shows. The licence of OpenStreetMap is one press away.
 * @param {HTMLElement | null} credit
 * @param {string} text
 */
function sayWhose(credit, text) {
  if (!credit || !text) return;
  const [before, ...after] = text.split(/(OpenStreetMap)/);
  credit.replaceChildren(before);
  if (!after.length) return;
  const link = document.createElement("a");
  link.href = "https://www.openstreetmap.org/copyright";
  link.append(after[0]);
  credit.append(link, ...after.slice(1));
}

/** @param {CityMap} map @param {VectorConfig} config @param {() => void} onBroken not even one tile could be read */
async function drawTiles(map, { url, script }, onBroken) {
  const [{ openTiles }] = await Promise.all([import("./pmtiles.js"), addScript(script)]);
  const tiles = await openTiles(url, onBroken);
  map.addDrawnTiles(tiles);
  map.onMoved(tiles.again);
}

/** @param {string} src @returns {Promise<void>} when it has run; rejects when it cannot be fetched */
function addScript(src) {
  const script = document.createElement("script");
  return new Promise((resolve, reject) => {
    script.addEventListener("load", () => resolve());
    script.addEventListener("error", () => reject(new Error(src)));
    script.src = src;
    document.head.append(script);
  });
}

/**
 * Puts the base map under `map`, and whose data it is into `credit`. When tiles cannot be read, the shapes are drawn.
 * @param {CityMap} map
 * @param {BaseConfig} config
 * @param {HTMLElement | null} credit
 * @returns {Promise<void>} rejects when the shapes cannot be read
 */
export async function layBase(map, { vector, tilesUrl, tilesAttribution, baseUrl }, credit) {
  const own = credit?.textContent ?? "";
  if (vector) {
    const { attribution, failed } = vector;
    const sayFailed = () => credit && (credit.textContent = `${own} · ${failed}`);
    const drawInstead = () => {
      sayFailed();
      drawShapes(map, baseUrl).catch(console.warn);
    };
    try {
      await drawTiles(map, vector, drawInstead);
      sayWhose(credit, attribution);
      return;
    } catch (error) {
      console.warn(error);
      sayFailed();
    }
  } else if (tilesUrl) {
    sayWhose(credit, tilesAttribution);
    map.addTiles(tilesUrl, () => {
      if (credit) credit.textContent = own;
      drawShapes(map, baseUrl).catch(console.warn);
    });
    return;
  }
  await drawShapes(map, baseUrl);
}
