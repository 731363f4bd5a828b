/**
 * Computes n-fold (RFC 3961 section 5.1): stretches or folds a string to `length` octets so that
 * each of its bits counts.
 *
 * The input is repeated, each copy rotated 13 bits further to the right, until a multiple of both
 * lengths is reached; the pieces of `length` octets are then added in ones' complement.
 */
export function nFold(input: Uint8Array, length: number): Uint8Array {
  const total = leastCommonMultiple(input.length, length)
  const sum = new Uint8Array(length)
  let carry = 0
  for (let i = total - 1; i >= 0; i--) {
    carry += sum[i % length] + rotatedOctet(input, i)
    sum[i % length] = carry
    carry >>= 8
  }
  // Ones' complement: what is carried out at the top comes in again at the bottom.
  for (let i = length - 1; carry > 0; i = i === 0 ? length - 1 : i - 1) {
    carry += sum[i]
    sum[i] = carry
    carry >>= 8
  }
  return sum
}

/**
 * Returns octet `index` of the endless repetition of `input`, in which copy n is rotated right by
 * 13 n bits.
 */
function rotatedOctet(input: Uint8Array, index: number): number {
  const copy = Math.floor(index / input.length)
  const bits = input.length * 8
  const start = ((((index % input.length) * 8 - 13 * copy) % bits) + bits) % bits
  const first = start >> 3
  const pair = (input[first] << 8) | input[(first + 1) % input.length]
  return (pair >> (8 - (start & 7))) & 255
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b]
  while (y !== 0) [x, y] = [y, x % y]
  return (a / x) * b
}
