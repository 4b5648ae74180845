// Words come from the page, where the server wrote them in the reader's language: data-word-… attributes.

/** @typedef {(name: string, values?: Record<string, string | number>) => string} Words */

/**
 * Reads `data-word-<name>` of the first of these elements that has it, and fills in `{value}`s.
 * @param {HTMLElement[]} elements
 * @returns {Words} throws when the page lacks the word
 */
export function wordsOf(...elements) {
  return (name, values = {}) => {
    const text = elements.map((element) => element.getAttribute(`data-word-${name}`)).find((found) => found !== null);
    if (text === undefined || text === null) throw new Error(`The page has no word called ${name}.`);
    return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
  };
}
