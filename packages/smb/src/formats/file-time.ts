/** 1 January 1970 in units of 100 ns since 1 January 1601. MS-DTYP section 2.3.3. */
const EPOCH = 116_444_736_000_000_000n

/** Times of Windows as milliseconds since 1970; 0, which says nothing, as 0. */
export function millisecondsOf(fileTime: bigint): number {
  const signed = BigInt.asIntN(64, fileTime)
  return signed <= 0n ? 0 : Number(signed - EPOCH) / 10_000
}

/** Milliseconds since 1970 as a time of Windows. */
export function fileTimeOf(milliseconds: number): bigint {
  return BigInt(Math.round(milliseconds * 10_000)) + EPOCH
}
