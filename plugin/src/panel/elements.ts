/** Makes an element with attributes and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string>> = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** Whether fingers are what points here first of all. */
export function isForFingers(): boolean {
  return matchMedia('(pointer: coarse)').matches;
}

let ids = 0;

/** An id that no other element of the page has. */
export function uniqueId(name: string): string {
  return `osd-cam-${name}-${++ids}`;
}

export interface Choice<T extends string> {
  element: HTMLElement;
  show(value: T): void;
}

/** Radio buttons drawn as one segmented bar. */
export function segmented<T extends string>(
  label: string,
  options: readonly { value: T; text: string; hint?: string; icon?: string }[],
  choose: (value: T) => void,
): Choice<T> {
  const name = uniqueId('choice');
  const inputs = options.map(({ value }) => element('input', { type: 'radio', name, value }));
  const bar = element(
    'div',
    { class: 'osd-cam-segmented', role: 'radiogroup', 'aria-label': label },
    ...options.map(({ text, hint, icon }, i) =>
      element(
        'label',
        hint ? { title: hint } : {},
        inputs[i],
        element('span', icon ? { class: `osd-cam-icon osd-cam-icon-${icon}` } : {}, text),
      ),
    ),
  );
  inputs.forEach((input, i) => {
    input.addEventListener('change', () => choose(options[i].value));
  });
  return {
    element: bar,
    show: (value) => {
      inputs.forEach((input, i) => {
        input.checked = options[i].value === value;
      });
    },
  };
}

/** A drop-down list with its label. */
export function select<T extends string>(
  label: string,
  options: readonly { value: T; text: string }[],
  choose: (value: T) => void,
): Choice<T> & { setDisabled(disabled: boolean): void } {
  const id = uniqueId('select');
  const list = element('select', { id }, ...options.map(({ value, text }) => element('option', { value }, text)));
  list.addEventListener('change', () => choose(options[list.selectedIndex].value));
  return {
    element: element('div', { class: 'osd-cam-field' }, element('label', { for: id }, label), list),
    show: (value) => {
      list.selectedIndex = options.findIndex((option) => option.value === value);
    },
    setDisabled: (disabled) => {
      list.disabled = disabled;
    },
  };
}
