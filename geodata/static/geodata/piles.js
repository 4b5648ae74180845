// Things that stand at one place: closer than that no zoom parts them, so they share one mark with their number.

import { sizeOf } from "./marks.js";

/** @typedef {import("./leaflet.js").LonLat} LonLat */
/** @typedef {import("./leaflet.js").Box} Box */
/** @typedef {import("./marks.js").MarkFeature} MarkFeature */

const TOO_CLOSE = 22; // pixels, half a mark: nearer marks cover each other
const BESIDE = 0.92; // of their mean width: clusters whose middles are nearer hide each other from fingers

/** @param {LonLat[]} places @returns {[number, number, number, number]} west, south, east, north */
function extentOf(places) {
  const [lons, lats] = [places.map(([lon]) => lon), places.map(([, lat]) => lat)];
  return [Math.min(...lons), Math.min(...lats), Math.max(...lons), Math.max(...lats)];
}

/** @param {MarkFeature[]} pile @returns {MarkFeature} one feature for all of them */
function gathered(pile) {
  if (pile.length === 1) return pile[0];
  const counts = { count: 0, wait: 0, work: 0, done: 0, shut: 0, none: 0 };
  for (const { properties } of pile) {
    if (properties.cluster) for (const name of /** @type {(keyof counts)[]} */ (Object.keys(counts))) counts[name] += properties[name] ?? 0;
    else {
      counts.count += 1;
      counts[/** @type {keyof counts} */ (properties.state_group)] += 1;
    }
  }
  const corners = pile.flatMap(({ geometry, bbox }) =>
    bbox ? /** @type {LonLat[]} */ ([bbox.slice(0, 2), bbox.slice(2)]) : [geometry.coordinates],
  );
  return {
    geometry: pile[0].geometry,
    bbox: extentOf(corners),
    properties: { cluster: true, ...counts },
  };
}

/**
 * Gathers marks that would cover each other: at the nearest zoom all of them, before it clusters only, for single things
 * part when one comes nearer.
 * @param {MarkFeature[]} features
 * @param {(at: LonLat) => {x: number, y: number}} pixels
 * @param {boolean} isNearest
 * @returns {MarkFeature[]}
 */
export function piled(features, pixels, isNearest) {
  const piles = piledOnce(features, pixels, isNearest);
  return piles.length === features.length ? piles : piled(piles, pixels, isNearest); // what grew may hide another
}

/** @param {MarkFeature} one @param {MarkFeature} other @param {boolean} isNearest @returns {number} pixels between their middles */
function roomOf({ properties: one }, { properties: other }, isNearest) {
  if (one.cluster && other.cluster) return (BESIDE * (sizeOf(one.count).pixels + sizeOf(other.count).pixels)) / 2;
  return isNearest ? TOO_CLOSE : 0;
}

/** @param {MarkFeature[]} features @param {(at: LonLat) => {x: number, y: number}} pixels @param {boolean} isNearest @returns {MarkFeature[]} */
function piledOnce(features, pixels, isNearest) {
  /** @type {{x: number, y: number, pile: MarkFeature[]}[]} */
  const piles = [];
  for (const feature of features) {
    const { x, y } = pixels(feature.geometry.coordinates);
    const near = piles.find((one) => Math.hypot(one.x - x, one.y - y) < roomOf(one.pile[0], feature, isNearest));
    if (near) near.pile.push(feature);
    else piles.push({ x, y, pile: [feature] });
  }
  return piles.map(({ pile }) => gathered(pile));
}

/** @param {MarkFeature} feature of a cluster @returns {Box} holds all of its things, and a little more for rounding */
export function boxOf({ bbox, geometry: { coordinates } }) {
  const [west, south, east, north] = bbox ?? extentOf([coordinates]);
  const air = 2e-6; // degrees, about 0.2 m
  return { west: west - air, south: south - air, east: east + air, north: north + air };
}
