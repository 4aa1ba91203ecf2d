import type { Page } from 'playwright-core';

/** Has files dragged over the stage of the demo page, or dropped on it. @param files by their names */
export async function dragFiles(
  page: Page,
  type: 'dragenter' | 'drop',
  files: Record<string, Uint8Array>,
): Promise<void> {
  const encoded = Object.entries(files).map(([name, bytes]) => [name, Buffer.from(bytes).toString('base64')] as const);
  await page.evaluate(
    ({ type, encoded }) => {
      const transfer = new DataTransfer();
      for (const [name, text] of encoded) {
        const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
        transfer.items.add(new File([bytes], name));
      }
      const init = { bubbles: true, cancelable: true, dataTransfer: transfer };
      document.querySelector('#stage')?.dispatchEvent(new DragEvent(type, init));
    },
    { type, encoded },
  );
}
