/** The bytes of the SIMD module, compiled from assembly/. */
export function build(): Promise<Uint8Array>;
