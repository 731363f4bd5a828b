import { platform } from '#platform'
import { type Journal, journalsOf } from './journal.js'
import type { Logger } from './logger.js'

/**
 * Returns the journal of this process for a logger; without a logger, the one that writes to
 * NODE_DEBUG=s4u. If neither is read, the first refusal of each kind becomes a warning of the
 * process.
 *
 * @example
 * ```ts
 * import { journalFor } from '@s4u/krb5'
 *
 * journalFor(console).note(() => ({ level: 'info', text: 'read the keytab again' }))
 * ```
 */
export const journalFor: (logger?: Logger) => Journal = journalsOf(platform.outlets)
