import { type CheckedKey, checkKeytab, type KeyState } from '@s4u/kdc-client'
import { encryptionTypeName, formatPrincipal } from '@s4u/krb5'
import { KDC_OPTIONS, kdcSettings } from '../../access/kdc-options.js'
import { keytabPath, readKeytab } from '../../access/keytab-files.js'
import { defineCommand } from '../../command-line/command.js'
import { entryValue } from '../../keytabs/keytab-report.js'
import { fields, line, type Style, styled, table, type TableRow } from '../../terminal/blocks.js'

export const keytabCheck = defineCommand({
  name: 'check',
  summary: 'Compare every key of a keytab with what the KDC has now',
  details:
    'Accounts sign in with each key; for SPNs that cannot sign in a ticket is got and opened. No account is shown more than two wrong keys, since each counts as a wrong password. The exit code is 1 where a key is wrong or cannot be checked, and where a principal has no current key.',
  operands: [{ name: 'FILE', about: 'the keytab; default: KRB5_KTNAME', completes: 'file' }],
  options: {
    cache: {
      kind: 'text',
      short: 'c',
      value: 'CACHE',
      about: 'ask for tickets of SPNs with the tickets of this cache',
    },
    ...KDC_OPTIONS,
  },
  examples: [{ line: 's4u keytab check /etc/web.keytab', about: 'whether a service can use it' }],
  async run(given, session) {
    const path = keytabPath(given.operands[0], given.text('krb5Config'))
    const ccache = given.text('cache')
    const checked = await checkKeytab({
      ...kdcSettings(given, session),
      keytab: readKeytab(path),
      signal: session.signal,
      ...(ccache !== undefined && { credentials: { ccache } }),
    })
    const isBad = checked.some(({ state }) => LOOKS[state].isBad) || checked.length === 0 || !isCovered(checked)
    return {
      value: { keytab: path, keys: checked.map(valueOf) },
      blocks: [
        fields([['Keytab', path]]),
        line(''),
        checked.length === 0
          ? line('no keys')
          : table(['Version', 'Encryption', 'State', 'Principal'], checked.map(rowOf)),
      ],
      outcome: isBad ? 'refused' : 'ok',
    }
  },
})

/**
 * A principal whose keys are all old, or of types that the KDC takes no more, opens no ticket of
 * today.
 */
function isCovered(checked: readonly CheckedKey[]): boolean {
  const current = new Set(checked.filter(({ state }) => state === 'current').map(nameOf))
  return checked.every((one) => current.has(nameOf(one)))
}

function nameOf({ entry }: CheckedKey): string {
  return formatPrincipal(entry.principal)
}

const LOOKS: Readonly<Record<KeyState, { readonly style: Style; readonly isBad: boolean }>> = {
  current: { style: 'good', isBad: false },
  old: { style: 'plain', isBad: false },
  'version-differs': { style: 'warning', isBad: true },
  wrong: { style: 'bad', isBad: true },
  refused: { style: 'warning', isBad: false },
  'not-checked': { style: 'warning', isBad: true },
}

function valueOf({ entry, state, why, kdcVersion }: CheckedKey) {
  return { ...entryValue(entry), state, why, kdcVersion }
}

function rowOf({ entry, state, why }: CheckedKey): TableRow {
  const { kvno, key, principal } = entry
  const cells = [
    String(kvno),
    encryptionTypeName(key.etype),
    styled(LOOKS[state].style, state),
    formatPrincipal(principal),
  ]
  return state === 'current' ? { cells } : { cells, notes: [why] }
}
