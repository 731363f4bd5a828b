import { type Journal, type Krb5Conf, settingsNotRead } from '@s4u/krb5'
import { tellNotice } from '../events/events.js'

/** What has been told of: each reading once. */
const told = new WeakSet<Krb5Conf>()

/** Tells what a krb5.conf sets and nothing reads, once for each reading of it: to who reads along, and on the diagnostics channel. */
export function tellUnread(conf: Krb5Conf | undefined, journal: Journal): void {
  if (conf === undefined || told.has(conf)) return
  told.add(conf)
  for (const { path, source, line, why } of settingsNotRead(conf)) {
    const message = `${source}, line ${line}: ${path.join(' ')} has no effect: ${why}`
    tellNotice({ kind: 'notice', level: 'info', code: 'S4U_SETTING_NOT_READ', message }, journal)
  }
}
