// Light or dark: as the system says, until the viewer chooses.

import { readPalette } from './draw/palette.js';

const KEY = 'spikedrive.theme';
const CHOICES = ['system', 'light', 'dark'];
const systemDark = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = new Set();

/** @returns {'system' | 'light' | 'dark'} what the viewer chose */
export function themeChoice() {
  const choice = read();
  return CHOICES.includes(choice) ? choice : 'system';
}

/** Goes on to the next choice and keeps it. */
export function nextTheme() {
  const next = CHOICES[(CHOICES.indexOf(themeChoice()) + 1) % CHOICES.length];
  try {
    localStorage.setItem(KEY, next);
  } catch {
    document.documentElement.dataset.choice = next; // Without storage the choice lasts as long as the page.
  }
  applyTheme();
}

/** Puts the theme on and tells all who draw. */
export function applyTheme() {
  const choice = themeChoice();
  const dark = choice === 'dark' || (choice === 'system' && systemDark.matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';
  readPalette();
  for (const listener of listeners) listener();
}

/** @param {() => void} listener is called after each change of theme @returns {() => void} ends it */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return document.documentElement.dataset.choice;
  }
}

systemDark.addEventListener('change', applyTheme);
