import { checkKeytab } from '@s4u/kdc-client'
import { KDC_OPTIONS, kdcSettings } from '../../access/kdc-options.js'
import { keytabPath, readKeytab, writeKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { durationOf } from '../../command-line/durations.js'
import { entryValue, keytabReport } from '../../keytabs/keytab-report.js'
import { prunedKeytab, type StayingKey, versionNames } from '../../keytabs/pruning.js'
import { line } from '../../terminal/blocks.js'
import type { Report } from '../../terminal/report.js'
import { localTime, utcTime } from '../../terminal/times.js'

/** What Active Directory permits where nobody has changed it. */
const TICKET_LIFETIME = '10h'

export const keytabPrune = defineCommand({
  name: 'prune',
  summary: 'Drop the old keys of a keytab for which no ticket can live any more',
  details:
    'A key goes when the KDC has a newer version of it, the keytab has that version too, and got it longer ago than a ticket lives. All others stay, and the time until which is told. No password changes, and no ticket is refused that is still good. Where new keys were written before the account got their password, count from the change: give that much more with --lifetime.',
  operands: [{ name: 'FILE', about: 'the keytab; default: KRB5_KTNAME', completes: 'file' }],
  options: {
    lifetime: { kind: 'text', short: 'l', value: 'TIME', about: 'how long a ticket lives at most; default: 10h' },
    cache: {
      kind: 'text',
      short: 'c',
      value: 'CACHE',
      about: 'ask for tickets of SPNs with the tickets of this cache',
    },
    ...KDC_OPTIONS,
  },
  examples: [
    { line: 's4u keytab prune /etc/web.keytab', about: 'ten hours after a rotation' },
    { line: 's4u keytab prune /etc/web.keytab -l 1d', about: 'where tickets live a day, as with MIT krb5' },
  ],
  async run(given, session) {
    const path = keytabPath(given.operands[0], given.text('krb5Config'))
    const lifetime = durationOf('-l', given.text('lifetime') ?? TICKET_LIFETIME)
    const keytab = readKeytab(path)
    const ccache = given.text('cache')
    const checked = await checkKeytab({
      ...kdcSettings(given, session),
      keytab,
      signal: session.signal,
      ...(ccache !== undefined && { credentials: { ccache } }),
    })
    const pruned = prunedKeytab({ keytab, checked, lifetime, now: session.now() })
    if (pruned.dropped.length > 0) writeKeytab(path, pruned.keytab)
    const left = keytabReport(pruned.keytab, path, { encryption: true, timestamps: true, showSecrets: false })
    return reportOf(left, pruned)
  },
})

function reportOf(left: Report, { dropped, staying }: ReturnType<typeof prunedKeytab>): Report {
  const value = typeof left.value === 'object' && left.value !== null ? left.value : {}
  return {
    value: {
      ...value,
      dropped: dropped.map((entry) => entryValue(entry)),
      staying: staying.map(({ entry, until }) => ({ ...entryValue(entry), until: utcTime(until) })),
    },
    blocks: [
      ...left.blocks,
      line(''),
      ...(dropped.length === 0
        ? [line('Nothing was dropped.')]
        : versionNames(dropped).map((name) => line(`Dropped: version ${name}.`))),
      ...[...new Set(staying.map(textOf))].map((text) => line(text)),
    ],
  }
}

function textOf({ entry, until }: StayingKey): string {
  const [name] = versionNames([entry])
  return until === undefined
    ? `Version ${name} stays: the keytab does not tell since when a newer key is in use.`
    : `Version ${name} stays until ${localTime(until)}, when the last ticket for it has ended.`
}
