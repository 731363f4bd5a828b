/** Refusals of arguments of a wrong type, with the words of npm `kerberos`. */

/** @throws TypeError ``parameter `service` must be a string.`` */
export function requireString(name: string, value: unknown): asserts value is string {
  if (typeof value !== 'string') throw wrongType(`parameter \`${name}\` must be a string.`)
}

/**
 * Requires options to be an object. npm `kerberos` fails for `null` too, in words of the engine.
 *
 * @throws TypeError
 */
export function requireObject(name: string, value: unknown): asserts value is object {
  if (typeof value !== 'object' || value === null) throw wrongType(`parameter \`${name}\` must be an object.`)
}

/** Returns a TypeError with a code, as the functions of Node have one. */
export function wrongType(message: string): TypeError {
  return Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}
