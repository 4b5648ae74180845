// What paper shows: the part of the map that no panel covers, scaled to the width of the sheet. map-print.css reads this.

const SHEET = { width: 680, height: 500 }; // CSS pixels for the map: A4 between its margins, and room for the legend

/**
 * @param {import("./leaflet.js").Insets} insets what panels cover
 * @param {{width: number, height: number}} size of the whole map
 */
export function rememberFree({ top, right, bottom, left }, { width, height }) {
  const [across, along] = [width - left - right, height - top - bottom];
  const scale = Math.min(SHEET.width / across, SHEET.height / along);
  const facts = { left: -left * scale, top: -top * scale, width: across * scale, height: along * scale };
  const style = document.body.style;
  for (const [name, pixels] of Object.entries(facts)) style.setProperty(`--print-${name}`, `${pixels.toFixed(1)}px`);
  style.setProperty("--print-scale", scale.toFixed(4));
  style.setProperty("--screen-width", `${width}px`);
  style.setProperty("--screen-height", `${height}px`);
  const address = document.querySelector("[data-address]");
  if (address) address.textContent = decodeURI(location.href);
}
