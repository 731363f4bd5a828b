/** Where this process writes lines for people. */

import { debuglog } from 'node:util'
import { journalsOf } from '@s4u/krb5'

/**
 * Returns the journal that writes to the logger, or, without one, to NODE_DEBUG=s4u. If neither is
 * read, the first refusal of each kind becomes a warning of the process.
 */
export const journalFor = journalsOf({
  debug: debuglog('s4u'),
  warn: (text) => process.emitWarning(text, { type: 'S4uWarning', code: 'S4U_REFUSED' }),
})
