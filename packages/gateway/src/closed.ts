import { ConfigurationError } from '@s4u/krb5'

export function closed(what: string): ConfigurationError {
  return new ConfigurationError(`${what}: the gateway has been started or stopped before`, {
    code: 'S4U_CLOSED',
    hint: 'Make another one with createGateway.',
  })
}
