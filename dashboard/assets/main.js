// The page: one view at a time, as the address says.

import { announceIn } from './announce.js';
import { h, icon, setText } from './dom.js';
import { counters, publishState } from './state.js';
import { route } from './router.js';
import { applyTheme, nextTheme, onTheme, themeChoice } from './theme.js';
import { setConnectionSign } from './connection.js';
import { openLive } from './views/live.js';
import { openLearning } from './views/learning.js';
import { openDrive } from './views/drive.js';
import { openReplay } from './views/replay.js';

const VIEWS = {
  live: ['Live', openLive],
  learning: ['Learning', openLearning],
  drive: ['Drive', openDrive],
  replay: ['Replay', openReplay],
};

const main = document.getElementById('main');
let close = () => {};

/** Leaves the present view and opens that of the address. */
function show() {
  const { view, params } = route();
  const [title, open] = VIEWS[view];
  close();
  document.title = `${title} · SpikeDrive`;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
  }
  counters.view = view;
  const box = h('div', { class: `view ${view}-view` });
  main.replaceChildren(box);
  close = open(box, params);
}

function themeButton() {
  const button = document.getElementById('theme');
  const label = h('span', { class: 'theme-name' });
  button.replaceChildren(icon('theme'), label);
  const tell = () => {
    const text = { system: 'Auto', light: 'Light', dark: 'Dark' }[themeChoice()];
    setText(label, text);
    button.setAttribute('aria-label', `Colours: ${text}. Change`);
  };
  button.addEventListener('click', nextTheme);
  onTheme(tell);
  tell();
}

publishState();
applyTheme();
announceIn(document.getElementById('announcer'));
setConnectionSign(document.getElementById('connection'));
themeButton();
document.querySelector('.skip').addEventListener('click', (event) => {
  event.preventDefault(); // The address holds the view, so the link must not change it.
  main.focus();
});
window.addEventListener('hashchange', () => {
  show();
  window.scrollTo(0, 0);
});
show();
