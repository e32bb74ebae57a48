// The view and its settings live in the address, behind the #: #/live?run=ID. A link shows the same again.

const VIEWS = ['live', 'learning', 'drive', 'replay'];

/** @returns {{view: string, params: URLSearchParams}} what the address asks for */
export function route() {
  const [path, query = ''] = location.hash.replace(/^#\/?/, '').split('?');
  return { view: VIEWS.includes(path) ? path : VIEWS[0], params: new URLSearchParams(query) };
}

/** Writes settings into the address without leaving the view. Empty ones are left out. @param {Record<string, unknown>} settings */
export function remember(settings) {
  const { view, params } = route();
  for (const [name, value] of Object.entries(settings)) {
    if (value === null || value === undefined || value === '' || value === false) params.delete(name);
    else params.set(name, String(value));
  }
  history.replaceState(null, '', address(view, params));
}

/** @param {string} view @param {Record<string, string> | URLSearchParams} params @returns {string} an address behind the # */
function address(view, params = {}) {
  const query = new URLSearchParams(params).toString();
  return `#/${view}${query ? `?${query}` : ''}`;
}
