// What is said when there is nothing to show: why, and what to do about it.

import { h } from '../dom.js';

/**
 * @param {string} title @param {string} text what is so, and what to do
 * @param {{command?: string, action?: {text: string, act: () => void}, kind?: 'empty' | 'loading' | 'error'}} options
 */
export function statePanel(title, text, { command, action, kind = 'empty' } = {}) {
  return h(
    'div',
    { class: `state ${kind}`, role: kind === 'error' ? 'alert' : null },
    kind === 'loading' && h('span', { class: 'spinner', 'aria-hidden': 'true' }),
    h('h2', {}, title),
    h('p', {}, text),
    command && h('pre', { tabindex: '0', 'aria-label': 'Command to run' }, h('code', {}, command)),
    action && h('button', { type: 'button', class: 'primary', onclick: action.act }, action.text),
  );
}
