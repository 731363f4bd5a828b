import { directorySettings } from '@s4u/kdc-client'
import { encryptionTypeName, formatPrincipal, type Key, type Keytab, openTicket } from '@s4u/krb5'
import type { Check } from '../engine/check.js'
import { failed, ok, type Verdict, warning } from '../engine/finding.js'
import type { KeytabFile } from '../facts/keytab-file.js'
import type { ServiceFacts } from '../facts/service-facts.js'

/** The keytab by itself: whether it can be read, by whom, and what is in it. */
export const keytabChecks: readonly Check<ServiceFacts>[] = [
  {
    name: 'keytab',
    title: 'The keytab can be read, by the service only',
    run: async (facts) => {
      const file = await facts.keytabFile()
      return [contentVerdict(file), ...accessVerdicts(file), ...damageVerdicts(file)]
    },
  },
  {
    name: 'keytab-service',
    title: 'The keytab has keys of the service',
    needs: ['keytab'],
    run: async (facts) => {
      const [{ keytab }, service, principal] = await Promise.all([
        facts.keytabFile(),
        facts.service(),
        facts.principal(),
      ])
      return [serviceVerdict(keytab, service, principal)]
    },
  },
  {
    name: 'keytab-encryption',
    title: 'The keytab has AES keys',
    needs: ['keytab'],
    run: async (facts) => {
      const { keytab } = await facts.keytabFile()
      return keytab.entries.some(({ key }) => isModern(key))
        ? [ok(`There are keys of ${typesOf(keytab)}.`)]
        : [
            warning(`There are keys of ${typesOf(keytab)} only.`, {
              why: 'RC4 and DES can be broken, and newer KDCs issue no such tickets.',
              settings: [directorySettings.allowAes(await facts.principal())],
              hint: 'Then set the password of the account again, so that it gets AES keys, and export the keytab again.',
            }),
          ]
    },
  },
]

/** The keytab against what the KDC seals tickets with today. */
export const keytabIsCurrent: Check<ServiceFacts> = {
  name: 'keytab-current',
  title: 'The keytab opens tickets of today',
  needs: ['keytab', 'spn-registered'],
  run: async (facts) => {
    const [{ keytab, path }, { ticket }, service, principal] = await Promise.all([
      facts.keytabFile(),
      facts.ownTicket(),
      facts.service(),
      facts.principal(),
    ])
    const { etype, kvno } = ticket.encPart
    const sealed = `${encryptionTypeName(etype)}${kvno === undefined ? '' : `, version ${kvno}`}`
    const opened = keytab.entries.find(({ key }) => opens(() => openTicket(ticket, key)))
    if (opened) {
      const name = formatPrincipal(opened.principal)
      return [ok(`The KDC seals tickets for ${service} with ${sealed}, and the key of ${name} opens them.`)]
    }
    if (isOfAnother(keytab, service, etype)) return [otherAccount(keytab, service, sealed)]
    return [
      failed(`The KDC seals tickets for ${service} with ${sealed}, and no key of the keytab opens them.`, {
        why: `${versionsOf(keytab, etype)} Every caller is refused.`,
        code: 'KRB_AP_ERR_MODIFIED',
        settings: [directorySettings.exportKeytab(principal, path ?? 'web.keytab')],
      }),
    ]
  },
}

/**
 * The account of the keytab has just signed in with its key, so the key is that of today; and still
 * it opens no ticket for the service, so the name is another account's.
 */
function isOfAnother(keytab: Keytab, service: string, etype: number): boolean {
  const named = keytab.principals.some((name) => bareName(name).toLowerCase() === service.toLowerCase())
  return !named && keytab.entries.some(({ key }) => key.etype === etype)
}

function otherAccount(keytab: Keytab, service: string, sealed: string): Verdict {
  return failed(`The keytab has no key of ${service}: it has those of ${keytab.principals.join(', ')}.`, {
    why: `The KDC seals tickets for ${service} with the key of another account (${sealed}). Every caller is refused.`,
    code: 'KRB_AP_ERR_NOT_US',
    hint: `Use the keytab of the account that has the name ${service} (setspn -Q ${service}, samba-tool spn list ACCOUNT), or let clients ask for a name of this account.`,
  })
}

function bareName(principal: string): string {
  return principal.replace(/@[^@]*$/, '')
}

function contentVerdict({ keytab, path }: KeytabFile): Verdict {
  const where = path ?? 'The keytab'
  if (keytab.entries.length > 0)
    return ok(`${where} has ${keytab.entries.length} keys of ${keytab.principals.join(', ')}.`)
  return failed(`${where} has no keys.`, { code: 'KRB5_KT_NOTFOUND', hint: 'Export the keytab again.' })
}

/**
 * Judges who may read the keytab. A reader of a keytab can pose as the service, and as any user
 * towards the service.
 */
function accessVerdicts({ path, mode }: KeytabFile): readonly Verdict[] {
  if (mode === undefined || path === undefined || (mode & 0o077) === 0) return []
  const who = (mode & 0o007) !== 0 ? 'Everybody on this machine' : 'The group of the file'
  const verdict = (mode & 0o007) !== 0 ? failed : warning
  return [
    verdict(`${who} can read ${path} (mode ${mode.toString(8).padStart(4, '0')}).`, {
      why: 'Whoever has the keys can be the service, and can make tickets of every user for it.',
      hint: /^[\w./-]+$/.test(path) ? `chmod 600 ${path}` : 'chmod 600, with that file.',
    }),
  ]
}

function damageVerdicts({ keytab }: KeytabFile): readonly Verdict[] {
  if (keytab.leftOut.length === 0) return []
  return [
    warning(`${keytab.leftOut.length} records of the keytab cannot be read.`, {
      why: 'Their keys are missing.',
      hint: 'Export the keytab again, and copy it in binary mode.',
    }),
  ]
}

function serviceVerdict(keytab: Keytab, service: string, principal: string): Verdict {
  const bare = keytab.principals.map(bareName)
  if (bare.some((name) => name.toLowerCase() === service.toLowerCase())) return ok(`There are keys of ${service}.`)
  // On Active Directory an account and its service principal names have the same keys.
  if (bare.some((name) => !name.includes('/')))
    return ok(
      `There is no key under the name ${service}; there are keys of the account ${principal}, which are those of its service principal names.`,
    )
  return failed(`There are keys of ${keytab.principals.join(', ')}, and none of ${service}.`, {
    why: `Tickets for ${service} cannot be opened.`,
    settings: [directorySettings.exportKeytab(service, 'web.keytab')],
  })
}

function versionsOf(keytab: Keytab, etype: number): string {
  const versions = keytab.entries.filter(({ key }) => key.etype === etype).map(({ kvno }) => kvno)
  if (versions.length === 0) return `The keytab has no key of ${encryptionTypeName(etype)}.`
  return `The keytab has version ${[...new Set(versions)].join(', ')} of that type.`
}

function opens(open: () => unknown): boolean {
  try {
    open()
    return true
  } catch {
    return false
  }
}

function typesOf(keytab: Keytab): string {
  return [...new Set(keytab.entries.map(({ key }) => encryptionTypeName(key.etype)))].join(', ')
}

/** DES, triple DES and RC4. Source: RFC 6649, RFC 8429. */
const OLD: readonly number[] = [1, 2, 3, 16, 23, 24]

function isModern({ etype }: Key): boolean {
  return !OLD.includes(etype)
}
