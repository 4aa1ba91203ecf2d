/** The code that saves, which few visitors need: bundlers make it a file of its own, loaded when it is first asked for. */
export const loadExports = () => import('./overlay-exports.ts');
