// Words come from the page, where the server wrote them in the reader's language: data-word-… attributes.

/** @typedef {(name: string, values?: Record<string, string | number>) => string} Words */

/**
 * Reads `data-word-<name>` of an element and fills in `{value}`s.
 * @param {HTMLElement} element
 * @returns {Words} throws when the page lacks the word
 */
export function wordsOf(element) {
  return (name, values = {}) => {
    const text = element.getAttribute(`data-word-${name}`);
    if (text === null) throw new Error(`The page has no word called ${name}.`);
    return text.replace(/\{(\w+)\}/g, (whole, key) => (key in values ? String(values[key]) : whole));
  };
}
