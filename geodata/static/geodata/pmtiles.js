// The only module that touches protomaps-leaflet (a global, loaded by a plain script on pages that have a PMTiles file).
// Tiles are in the schema of Protomaps, those of build_basemap and those of its extracts of a planet; they look as the
// drawn shapes do: order and widths by looks.js, colours by the style sheet, read again when the colour scheme changes.

import { NEAREST } from "./leaflet.js";
import { FACES, isFilled, LOOKS, weigh } from "./looks.js";

/** @typedef {import("./looks.js").Look} Look */
/** @typedef {import("./looks.js").Face} Face */
/** @typedef {{geomType: number, props: Record<string, unknown>}} Feature */
/** @typedef {{layer: string, dimension: number, has: (kind: string) => boolean}} Source where features of a kind are */
/** @typedef {{fill: string, stroke: string, width: number, dash: number[], opacity: number, style: string, weight: number, family: string, isUpper: boolean}} Paint */
/** @typedef {import("./leaflet.js").Tiles} Tiles */

/** What the script left behind; its own types need those of another map library. @returns {any} */
const library = () => /** @type {any} */ (globalThis).protomapsL;

const [POINT, LINE, AREA] = [1, 2, 3]; // as in the specification of vector tiles
const VECTOR = 1; // type of tiles in the header of a file
const PLANE = 156543.034; // metres in a pixel of zoom 0, at the equator
const LONGEST = 24; // letters of a line of words
/** Of this colour scheme. @type {Map<string, Paint>} */
const paints = new Map();
const dark = matchMedia("(prefers-color-scheme: dark)");
const any = () => true;
/** @param {string[]} kinds @returns {(kind: string) => boolean} */
const oneOf = (...kinds) => (kind) => kinds.includes(kind);
const isGreen = oneOf(
  ..."park forest wood nature_reserve national_park garden cemetery grass grassland meadow scrub orchard".split(" "),
  ..."recreation_ground village_green allotments golf_course pitch playground zoo".split(" "),
);
const isMain = oneOf("highway", "major_road", "medium_road");
const isMinor = oneOf("minor_road", "other");

/** Kinds of looks.js → features of tiles. @type {Record<string, Source[]>} */
const SHAPES = {
  land: [{ layer: "earth", dimension: AREA, has: any }],
  park: [{ layer: "landuse", dimension: AREA, has: isGreen }],
  water: [
    { layer: "water", dimension: AREA, has: any },
    { layer: "water", dimension: LINE, has: any },
  ],
  street: [{ layer: "roads", dimension: LINE, has: isMinor }],
  road: [{ layer: "roads", dimension: LINE, has: isMain }],
  rail: [{ layer: "roads", dimension: LINE, has: oneOf("rail") }],
  building: [{ layer: "buildings", dimension: AREA, has: any }],
  area: [{ layer: "boundaries", dimension: LINE, has: oneOf("district", "borough", "locality") }],
  boundary: [{ layer: "boundaries", dimension: LINE, has: oneOf("community", "country", "region", "county") }],
};
/** @type {Record<string, Source[]>} */
const WORDS = {
  area: [{ layer: "places", dimension: POINT, has: any }],
  road: SHAPES.road,
  street: SHAPES.street,
  park: [
    { layer: "landuse", dimension: POINT, has: isGreen },
    { layer: "pois", dimension: POINT, has: isGreen },
  ],
  water: [
    { layer: "water", dimension: POINT, has: any },
    { layer: "water", dimension: LINE, has: any },
  ],
};
const STREAM = { kind: "water", className: "t-water", metres: 6 }; // water that is a line

/** What the style sheet says of a class name. @param {string} className @returns {Paint} */
function paintOf(className) {
  const known = paints.get(className);
  if (known) return known;
  const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  sample.setAttribute("class", className);
  document.body.append(sample);
  const found = getComputedStyle(sample);
  const paint = {
    fill: found.fill,
    stroke: found.stroke,
    width: parseFloat(found.strokeWidth) || 0,
    dash: found.strokeDasharray === "none" ? [] : found.strokeDasharray.split(/[\s,]+/).map(parseFloat),
    opacity: Number(found.opacity),
    style: found.fontStyle,
    weight: Number(found.fontWeight),
    family: found.fontFamily,
    isUpper: found.textTransform === "uppercase",
  };
  sample.remove();
  paints.set(className, paint);
  return paint;
}

/** @param {Source} source @returns {(zoom: number, feature: Feature) => boolean} */
const chosen = ({ dimension, has }) => (_zoom, { geomType, props }) => geomType === dimension && has(String(props.kind));

/** @param {Look} look @param {Source} source @param {number} latitude of the map, degrees */
function paintRule(look, source, latitude) {
  const { LineSymbolizer, PolygonSymbolizer } = library();
  const { fill, stroke, dash, opacity } = paintOf(look.className);
  const rule = { dataLayer: source.layer, filter: chosen(source), minzoom: look.from ?? 0 };
  if (isFilled(look) && source.dimension === AREA)
    return { ...rule, symbolizer: new PolygonSymbolizer({ fill, opacity }) };
  const ground = PLANE * Math.cos((latitude * Math.PI) / 180);
  const width = (/** @type {number} */ zoom) => weigh(isFilled(look) ? STREAM : look, ground / 2 ** zoom);
  const ends = dash.length ? { dash, lineCap: "butt" } : { lineCap: "round" };
  const color = isFilled(look) ? fill : stroke;
  return { ...rule, symbolizer: new LineSymbolizer({ color, width, opacity, lineJoin: "round", ...ends }) };
}

/** @param {Face} face @param {Source} source */
function labelRule({ className, size, from, spread = 0 }, source) {
  const { CenteredTextSymbolizer, LineLabelPlacement, LineLabelSymbolizer } = library();
  const paint = paintOf(className);
  const halo = paint.stroke === "none" ? 0 : paint.width;
  const words = {
    labelProps: [`name:${document.documentElement.lang}`, "name"],
    textTransform: paint.isUpper ? "uppercase" : undefined,
    font: `${paint.style} ${paint.weight} ${size}px ${paint.family}`,
    fill: paint.fill,
    stroke: paint.stroke,
  };
  const rule = { dataLayer: source.layer, filter: chosen(source), minzoom: from };
  if (source.dimension === LINE) {
    const along = { width: halo, position: LineLabelPlacement.Center, repeatDistance: 500 };
    return { ...rule, symbolizer: new LineLabelSymbolizer({ ...words, ...along }) };
  }
  const more = { width: halo / 2, letterSpacing: size * spread, maxLineChars: LONGEST, lineHeight: 1.3 };
  return { ...rule, symbolizer: new CenteredTextSymbolizer({ ...words, ...more }) };
}

/** @param {number} latitude degrees */
function rulesFor(latitude) {
  const looks = LOOKS.flatMap((look) => SHAPES[look.kind].map((source) => paintRule(look, source, latitude)));
  const faces = Object.entries(FACES).flatMap(([kind, face]) => WORDS[kind].map((source) => labelRule(face, source)));
  return { paintRules: looks, labelRules: faces };
}

/** Colours follow the system while the page is open. @param {any} layer of protomaps-leaflet @param {number} latitude */
function followScheme(layer, latitude) {
  dark.addEventListener("change", () => {
    paints.clear();
    Object.assign(layer, rulesFor(latitude));
    layer.clearLayout();
    layer.rerenderTiles();
  });
}

/**
 * Opens a file.
 * @param {string} url
 * @param {() => void} onBroken runs once, when tiles come to nothing before even one could be read; the layer is gone
 * @returns {Promise<Tiles>} rejects when there is no such file, or it is not one of vector tiles
 */
export async function openTiles(url, onBroken) {
  const { leafletLayer, PmtilesSource } = library();
  const file = new PmtilesSource(url, true).p;
  const { maxZoom, tileType, minLat, maxLat } = await file.getHeader();
  if (tileType !== VECTOR) throw new Error(`${url} holds no vector tiles.`);
  const latitude = (minLat + maxLat) / 2;
  const options = { url: file, maxDataZoom: maxZoom, maxZoom: NEAREST, attribution: "", ...rulesFor(latitude) };
  const layer = leafletLayer(options);
  followScheme(layer, latitude);
  const { source } = layer.views.get("").tileCache;
  const read = source.get.bind(source);
  let came = false;
  let missing = false;
  let isGone = false;
  source.get = async (/** @type {any} */ place, /** @type {number} */ size) => {
    try {
      const tile = await read(place, size);
      came ||= tile.size > 0; // beyond the edge of the map all is well even with a broken file
      return tile;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      missing = came;
      if (!came && !isGone) {
        isGone = true;
        layer.remove();
        onBroken();
      }
      throw error;
    }
  };
  const again = () => {
    if (!missing) return;
    missing = false;
    layer.rerenderTiles();
  };
  return { layer, again };
}
