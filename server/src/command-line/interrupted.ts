/** The reason of an end by Ctrl-C or SIGTERM; what was begun has been removed by the time it is told. */
export class Interrupted extends Error {}
