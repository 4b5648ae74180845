// Lines and areas of things, under their marks: a street that is dug up, a block without water.

/** @typedef {import("./leaflet.js").Path} Path */
/** @typedef {{geometry: {type: string, coordinates: any}, properties: {layer: string, id: number, state_group: string}}} ShapeFeature */

/** @param {{features: ShapeFeature[]} | undefined} shapes @returns {Path[]} areas first: lines lie on them */
export function pathsOf(shapes) {
  const paths = (shapes?.features ?? []).flatMap(({ geometry, properties }) => {
    const kind = /** @type {"area" | "line" | null} */ (/Polygon/.test(geometry.type) ? "area" : /Line/.test(geometry.type) ? "line" : null);
    if (!kind) return [];
    const { coordinates } = geometry;
    const looks = kind === "line" ? ["shape-line", "shape-line-in"] : ["shape-area"];
    return looks.map((look) => ({ className: `${look} of-${properties.layer} in-${properties.state_group}`, kind, coordinates }));
  });
  return paths.sort((one, other) => Number(one.kind === "line") - Number(other.kind === "line"));
}
