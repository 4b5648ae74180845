// Whether a browser shows a photo turned as the server turns it: boxes drawn here must lie on the same faces there.

/** @param {DataView} bytes @param {number} at @param {number} length @returns {string} that many letters */
const letters = (bytes, at, length) =>
  at + length > bytes.byteLength ? "" : String.fromCharCode(...new Uint8Array(bytes.buffer, at, length));

/**
 * Names of the chunks of a PNG or a WebP.
 * @param {DataView} bytes @param {{start: number, isPng: boolean}} kind
 * @returns {Generator<string>}
 */
function* chunks(bytes, { start, isPng }) {
  for (let at = start; at + 8 <= bytes.byteLength; ) {
    const size = isPng ? bytes.getUint32(at) : bytes.getUint32(at + 4, true);
    yield letters(bytes, isPng ? at + 4 : at, 4);
    at += isPng ? size + 12 : 8 + size + (size % 2);
  }
}

/**
 * Every browser turns a JPEG as its EXIF says, an AVIF or a HEIC as its container says. Of notes in a PNG or a WebP
 * some browsers know nothing, of a TIFF most.
 * @param {Blob} file
 * @returns {Promise<boolean>} false when boxes might end up elsewhere
 */
export async function isShownUpright(file) {
  const bytes = new DataView(await file.arrayBuffer());
  if (letters(bytes, 0, 3) === "\xff\xd8\xff" || letters(bytes, 4, 4) === "ftyp") return true;
  const isPng = letters(bytes, 1, 3) === "PNG";
  if (!isPng && letters(bytes, 8, 4) !== "WEBP") return false;
  return ![...chunks(bytes, { start: isPng ? 8 : 12, isPng })].some((name) => name.toLowerCase() === "exif");
}
