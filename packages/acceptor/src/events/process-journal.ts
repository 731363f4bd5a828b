/** What this process has for lines that people read. */

import { debuglog } from 'node:util'
import { journalsOf } from '@s4u/krb5'

/**
 * Where lines go: to the logger, if there is one, to NODE_DEBUG=s4u, and where neither reads, as
 * warnings of the process, once a kind.
 */
export const journalFor = journalsOf({
  debug: debuglog('s4u'),
  warn: (text) => process.emitWarning(text, { type: 'S4uWarning', code: 'S4U_REFUSED' }),
})
