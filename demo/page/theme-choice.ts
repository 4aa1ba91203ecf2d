import './theme-choice.css';
import { element } from './element.ts';

const KEY = 'openseadragon-cam-theme';

const THEMES = [
  { theme: 'system', text: 'As the system says' },
  { theme: 'light', text: 'Light' },
  { theme: 'dark', text: 'Dark' },
] as const;

export type Theme = (typeof THEMES)[number]['theme'];

/** Shows the page, and every panel on it, in a theme. */
export function applyTheme(theme: Theme): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') delete dataset.theme;
  else dataset.theme = theme;
}

export function isTheme(value: unknown): value is Theme {
  return THEMES.some(({ theme }) => theme === value);
}

/** The choice of a theme, which the browser keeps for all pages of the server where it may. */
export function createThemeChoice(): HTMLElement {
  const inputs = THEMES.map(({ theme }) => element('input', { type: 'radio', name: 'theme', value: theme }));
  const show = () => {
    const stored = storedTheme();
    applyTheme(stored);
    for (const input of inputs) input.checked = input.value === stored;
  };
  const choose = ({ target }: Event) => {
    if (!(target instanceof HTMLInputElement) || !isTheme(target.value)) return;
    applyTheme(target.value);
    try {
      if (target.value === 'system') localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, target.value);
    } catch {
      // Storage is forbidden: the choice is this page's alone.
    }
  };
  const labels = inputs.map((input, at) => {
    const { theme, text } = THEMES[at];
    return element('label', { title: text, className: theme }, input, element('span', { className: 'unseen' }, text));
  });
  const choice = element('fieldset', { className: 'theme' }, element('legend', {}, 'Theme'), ...labels);
  choice.addEventListener('change', choose);
  // Another page of the server.
  window.addEventListener('storage', ({ key }) => (key === KEY || key === null) && show());
  show();
  return choice;
}

function storedTheme(): Theme {
  try {
    const stored = localStorage.getItem(KEY);
    return isTheme(stored) ? stored : 'system';
  } catch {
    return 'system';
  }
}
