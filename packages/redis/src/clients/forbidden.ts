/**
 * For `.catch`: a command that the user of this client may not send, or that the service does not
 * have, has no answer.
 */
export function undefinedIfForbidden(error: unknown): undefined {
  if (error instanceof Error && /^-?(?:NOPERM|ERR unknown command)\b/.test(error.message)) return undefined
  throw error
}
