// Making elements.

/**
 * An element with its attributes and children. `on…` are listeners, `class` the class list, true and false set and leave out.
 * Text is always text, never markup.
 * @param {string} tag
 * @param {Record<string, unknown>} attributes
 * @param {...(Node | string | number | null | undefined | false)} children
 * @returns {HTMLElement}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Writes a text only where it differs, so that nothing is laid out anew without need. @param {Node} node @param {string} text */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A labelled field. @param {string} label @param {HTMLElement} control @param {?string} hint */
export function field(label, control, hint = null) {
  return h('label', { class: 'field' }, h('span', { class: 'field-name' }, label), control, hint && h('small', {}, hint));
}

/**
 * A choice.
 * @param {[string, string][]} options value and text of each
 * @param {string} chosen
 * @param {(value: string) => void} onChange
 * @param {Record<string, unknown>} attributes
 */
export function select(options, chosen, onChange, attributes = {}) {
  const element = h('select', { ...attributes, onchange: () => onChange(element.value) });
  setOptions(element, options, chosen);
  return element;
}

/** Replaces the options of a choice, unless they are the same. @param {HTMLSelectElement} element @param {[string, string][]} options */
export function setOptions(element, options, chosen) {
  const key = JSON.stringify(options);
  if (element.dataset.options !== key) {
    element.dataset.options = key;
    element.replaceChildren(...options.map(([value, text]) => h('option', { value }, text)));
  }
  element.value = chosen;
}

/**
 * A table.
 * @param {string} caption @param {string[]} header @param {unknown[][]} rows of texts, numbers, nodes and what turns into a text
 * @param {{rowHeaders?: boolean, hideCaption?: boolean}} options
 */
export function table(caption, header, rows, { rowHeaders = true, hideCaption = false } = {}) {
  return h(
    'table',
    {},
    h('caption', { class: hideCaption ? 'visually-hidden' : null }, caption),
    h('thead', {}, h('tr', {}, ...header.map((name) => h('th', { scope: 'col' }, name)))),
    h(
      'tbody',
      {},
      ...rows.map((row) =>
        h(
          'tr',
          {},
          ...row.map((value, i) =>
            h(i === 0 && rowHeaders ? 'th' : 'td', i === 0 && rowHeaders ? { scope: 'row' } : {}, shown(value)),
          ),
        ),
      ),
    ),
  );
}

/** What a cell shows: a dash where there is nothing. */
function shown(value) {
  return value === null || value === undefined || Number.isNaN(value) ? '–' : value;
}

const ICONS = {
  play: 'M6 4l14 8-14 8z',
  pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
  step: 'M5 4l10 8-10 8zM17 4h3v16h-3z',
  back: 'M19 4L9 12l10 8zM4 4h3v16H4z',
  first: 'M20 4l-8 8 8 8zM12 4l-8 8 8 8z',
  more: 'M5 10h4v4H5zM10.500 10h4v4h-4zM16 10h4v4h-4z',
  stop: 'M5 5h14v14H5z',
  theme: 'M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18v-1.600a7.400 7.400 0 0 0 0-14.800z',
  left: 'M14 4v16L4 12zM15 10h6v4h-6z',
  straight: 'M4 12L12 3l8 9h-5v9H9v-9z',
  right: 'M10 4v16l10-8zM3 10h6v4H3z',
};

/** A drawn sign; it says nothing to a screen reader, so the button around it needs a name. @param {keyof ICONS} name */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  svg.classList.add('icon');
  const path = document.createElementNS(space, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.append(path);
  return svg;
}
