/**
 * Returns an integer that Redis has answered; undefined for all else. Clients give numbers, texts
 * (`stringNumbers` of ioredis) or octets; what is an object to them may have no text at all.
 */
export function integerOf(answer: unknown): number | undefined {
  const text = answer instanceof Uint8Array ? Buffer.from(answer).toString('latin1') : answer
  if (typeof text !== 'number' && typeof text !== 'bigint' && !(typeof text === 'string' && DIGITS.test(text)))
    return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}

const DIGITS = /^-?\d{1,16}$/
