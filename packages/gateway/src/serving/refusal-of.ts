import { ConfigurationError, S4uError } from '@s4u/krb5'

/** Any other error is a fault of the gateway: its text stays in the log. */
export function refusalOf(error: unknown): S4uError {
  if (S4uError.is(error)) return error
  return new ConfigurationError(`the gateway failed: ${error instanceof Error ? error.message : 'unknown'}`, {
    cause: error,
  })
}
