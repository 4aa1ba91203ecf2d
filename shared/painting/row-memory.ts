/**
 * Pixels, and values under them, that are painted at a time; wider areas are painted piece by piece.
 *
 * The memory of the row that is being painted consists of typed arrays of this length which are constants of their modules:
 * their addresses are compiled into the loops over them, which makes those two to three times as fast as loops over
 * arrays that come and go. Painting never waits, so there is one row at a time.
 */
export const ROW_LENGTH = 512;
