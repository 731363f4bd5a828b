/** Which licences production dependencies may have. */

/**
 * Licences that ask for no more than their notice, so that everybody may use the packages in closed
 * products too. SPDX identifiers.
 */
export const PERMITTED = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'ISC',
  'MIT',
  'Unlicense',
]

/**
 * Returns what is not permitted: `left-pad: GPL-3.0`. An expression with OR is permitted if one of
 * its licences is; one with AND if all are.
 *
 * @param {Record<string, { name: string }[]>} licences what `pnpm licenses list --json` prints
 */
export function notPermitted(licences) {
  return Object.entries(licences).flatMap(([licence, packages]) =>
    isPermitted(licence) ? [] : packages.map(({ name }) => `${name}: ${licence}`),
  )
}

/** @param {string} expression */
export function isPermitted(expression) {
  const text = expression.trim().replace(/^\((.*)\)$/s, '$1')
  // A nested expression is read by a person.
  if (/[()]/.test(text)) return false
  return text.split(/ OR /).some((choice) => choice.split(/ AND /).every((one) => PERMITTED.includes(one.trim())))
}
