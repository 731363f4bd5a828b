import type { SecurityContext } from '@s4u/gssapi'
import type { SaslProtection } from '../protection/protection.js'
import { type LayerTerms, SecurityLayer } from './security-layer.js'

/** The messages after a sign-in, with or without a security layer. */
export class ProtectedMessages {
  readonly protection: SaslProtection
  readonly layer: SecurityLayer | undefined

  constructor(context: SecurityContext, protection: SaslProtection, terms: Omit<LayerTerms, 'protection'>) {
    this.protection = protection
    this.layer = protection === 'none' ? undefined : new SecurityLayer(context, { ...terms, protection })
  }

  wrap(data: Uint8Array): Uint8Array {
    return this.layer === undefined ? data : this.layer.seal(data)
  }

  unwrap(chunk: Uint8Array): Uint8Array {
    if (this.layer === undefined) return chunk
    this.layer.push(chunk)
    const parts: Uint8Array[] = []
    for (let data = this.layer.next(); data !== undefined; data = this.layer.next()) parts.push(data)
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }
}
