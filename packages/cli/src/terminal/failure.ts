import { S4uError } from '@s4u/krb5'
import { type Block, line, styled } from './blocks.js'
import type { JsonObject } from './report.js'

/** An error for programs: `{ error: { code, message, hint } }`. */
export function failureValue(error: unknown): JsonObject {
  if (S4uError.is(error)) {
    const { name, code, message, hint } = error
    return { error: { name, code, message, hint } }
  }
  const { name, message, code } = plainError(error)
  return { error: { name, ...(code !== undefined && { code }), message } }
}

/** An error for people: what happened, and below it what to do. */
export function failureBlocks(path: string, error: unknown): readonly Block[] {
  const [first = '', ...hint] = errorLines(error)
  return [line(styled('bad', `${path}: ${first}`)), ...hint.map((text) => line(`  ${text}`))]
}

/** What happened with its code, then the lines of the hint. */
export function errorLines(error: unknown): readonly string[] {
  const { message, code } = S4uError.is(error) ? error : plainError(error)
  const isSaid = code === undefined || code === 'S4U_USAGE' || message.includes(code)
  const hint = S4uError.is(error) ? (error.hint?.split('\n') ?? []) : []
  return [isSaid ? message : `${message} (${code})`, ...hint]
}

function plainError(error: unknown): { readonly name: string; readonly message: string; readonly code?: string } {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined
  return { name: error.name, message: error.message, ...(code !== undefined && { code }) }
}
