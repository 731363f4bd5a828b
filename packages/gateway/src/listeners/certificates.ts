import { X509Certificate } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import { ConfigurationError, type S4uError, shownPath } from '@s4u/krb5'
import type { ListenerSettings } from '../configuration/gateway-options.js'

type TlsSettings = NonNullable<ListenerSettings['tls']>

/** The certificates of one listener, as their files have them now. */
export interface Certificates {
  /** The first, for clients that name nobody. */
  readonly first: CertificatePair
  /** The context of a name that a client asks for; for an unknown one, that of the first. */
  contextFor(name: string): SecureContext
  /** Reads files that have changed. A pair that cannot be used leaves the one before in force. */
  reload(): void
}

/** PEM. */
export interface CertificatePair {
  readonly cert: Buffer
  readonly key: Buffer
  readonly minVersion: TlsSettings['minVersion']
}

interface Loaded {
  readonly pair: CertificatePair
  readonly context: SecureContext
  readonly leaf: X509Certificate
  readonly stamp: string
}

/**
 * @param onFault told of a renewed pair that cannot be used
 * @throws ConfigurationError where a pair cannot be used at the start
 */
export function loadCertificates(
  { certificates, minVersion }: TlsSettings,
  onFault: (error: S4uError) => void,
): Certificates {
  const load = (pair: TlsSettings['certificates'][number]): Loaded => {
    const stamp = stampOf(pair)
    const read = { cert: readFileSync(pair.certificate), key: readFileSync(pair.key), minVersion }
    return { pair: read, context: contextOf(pair, read), leaf: new X509Certificate(read.cert), stamp }
  }
  const loaded = certificates.map(load)
  return {
    get first() {
      return loaded[0].pair
    },
    contextFor: (name) => (loaded.find(({ leaf }) => leaf.checkHost(name)) ?? loaded[0]).context,
    reload() {
      for (const [index, pair] of certificates.entries()) {
        try {
          if (stampOf(pair) !== loaded[index].stamp) loaded[index] = load(pair)
        } catch (error) {
          onFault(error instanceof ConfigurationError ? error : unusable(pair.certificate, error))
        }
      }
    },
  }
}

function contextOf({ certificate }: { certificate: string }, pair: CertificatePair): SecureContext {
  try {
    return createSecureContext({ ...pair })
  } catch (cause) {
    throw unusable(certificate, cause)
  }
}

function unusable(path: string, cause: unknown): ConfigurationError {
  return new ConfigurationError(`the certificate ${shownPath(path)} and its key cannot be used`, {
    hint: 'Both must be PEM, the key must be that of the first certificate, and without a passphrase.',
    cause,
  })
}

function stampOf({ certificate, key }: { certificate: string; key: string }): string {
  return [certificate, key].map((path) => `${statSync(path).mtimeMs} ${statSync(path).size}`).join(' ')
}
