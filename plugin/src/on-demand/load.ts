/** The code that few visitors need: bundlers make it a file of its own, loaded when it is first asked for. */
export const loadOnDemand = () => import('./on-demand.ts');
