import type { DirectorySetting, KdcClientOptions } from '@s4u/kdc-client'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RealmKey } from '../../realms/addresses.js'
import { realmOf, run, type runOk } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'

export type AdministratorOf = (key: RealmKey) => Administrator

/** What words in capitals stand for, as only an administrator knows. */
export type Known = Readonly<Record<string, string>>

type Ran = Awaited<ReturnType<typeof runOk>>

/**
 * Does what hints say, as the administrator of a realm would: by the very command that is printed. What a machine that is a domain
 * controller or a KDC knows by itself (where its database is, and which realm it has) is told by the environment here, or put in where
 * programs do not look into it.
 */
export class Administrator {
  private readonly info: RealmsInfo
  private readonly realm: RealmInfo

  constructor(info: RealmsInfo, key: RealmKey) {
    this.info = info
    this.realm = realmOf(info, key)
  }

  /** The command for this realm's kind of directory. */
  commandOf(setting: DirectorySetting): string {
    const { kind, name } = this.realm
    const directory = kind === 'samba' || kind === 'heimdal' ? kind : 'mit'
    const command = setting[directory]
    if (command === undefined) throw new Error(`nothing can be done in ${name}: ${setting.attribute}`)
    return command
  }

  obey(setting: DirectorySetting, known: Known = {}, input = ''): Promise<Ran> {
    return this.run(this.commandOf(setting), known, input)
  }

  async run(command: string, known: Known = {}, input = ''): Promise<Ran> {
    const filled = Object.entries(known).reduce((text, [word, value]) => text.replaceAll(word, value), command)
    const [script, environment] = this.here(filled.replace(/ {3}#.*$/, ''))
    const result = await run('sh', ['-c', script], { environment: { ...this.info.environment, ...environment }, input })
    if (result.status === 0) return result
    throw new Error(`${script} ended with ${result.status}: ${result.stderr.trim() || result.stdout.trim()}`)
  }

  private here(command: string): [script: string, environment: Record<string, string>] {
    const { directory } = this.info
    const { name, kind, domain } = this.realm
    if (kind === 'samba') {
      const folder = join(directory, controllerOf(domain))
      return [
        command.replaceAll('/var/lib/samba/private', join(folder, 'private')),
        { SMB_CONF_PATH: join(folder, 'smb.conf'), TDB_NO_FSYNC: '1' },
      ]
    }
    if (kind === 'heimdal') {
      const conf = join(directory, `${name}.conf`)
      const { programs, libraries } = heimdal()
      return [
        command.replaceAll('kadmin -l', `${programs}/kadmin.heimdal -l -c ${conf} -r ${name}`),
        { KRB5_CONFIG: conf, LD_LIBRARY_PATH: libraries },
      ]
    }
    const socket = encodeURIComponent(join(directory, 'ldap', 'sock'))
    return [
      command
        .replaceAll('kadmin.local', `kadmin.local -r ${name}`)
        .replaceAll('ldapi:///', `ldapi://${socket}`)
        .replaceAll('CONTAINER', 'cn=krbcontainer,dc=kdb'),
      { KRB5_KDC_PROFILE: join(directory, name, 'kdc.conf') },
    ]
  }
}

const controllerOf = (domain: string): string => (domain.startsWith('partner') ? 'dc2' : 'dc1')

function heimdal(): { programs: string; libraries: string } {
  const tree = fileURLToPath(new URL(`../../../node_modules/.cache/s4u/heimdal-${process.arch}/usr/`, import.meta.url))
  const found = readdirSync(join(tree, 'lib')).find((name) => name.includes('-linux-')) ?? ''
  return { programs: join(tree, 'bin'), libraries: join(tree, 'lib', found) }
}

/** Options of a client that remembers no refusal: it is tried again at once. */
export const FORGETFUL: Partial<KdcClientOptions> = { cache: { refusedFor: 0 } }
