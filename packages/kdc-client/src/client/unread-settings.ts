import { type Journal, type Krb5Conf, settingsNotRead } from '@s4u/krb5'
import { tellNotice } from '../events/events.js'

/** The configurations that were reported. */
const told = new WeakSet<Krb5Conf>()

/**
 * Reports the settings of a krb5.conf that have no effect, to the journal and on the diagnostics
 * channel. Each reading of the file is reported once.
 */
export function tellUnread(conf: Krb5Conf | undefined, journal: Journal): void {
  if (conf === undefined || told.has(conf)) return
  told.add(conf)
  for (const { path, source, line, why } of settingsNotRead(conf)) {
    const message = `${source}, line ${line}: ${path.join(' ')} has no effect: ${why}`
    tellNotice({ kind: 'notice', level: 'info', code: 'S4U_SETTING_NOT_READ', message }, journal)
  }
}
