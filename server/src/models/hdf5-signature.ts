/** Where HDF5 may begin: behind a block of the user's own, of 512 bytes or a power of two times that. */
export const HDF5_PLACES: readonly number[] = [0, 512, 1024, 2048];

/** Whether HDF5 begins at a place. */
export function isSignature(bytes: Uint8Array, place: number): boolean {
  return HDF5_SIGNATURE.every((byte, index) => bytes[place + index] === byte);
}

const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
