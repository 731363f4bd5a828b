import type { DirectorySetting } from '@s4u/kdc-client'
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RealmKey } from '../../realms/addresses.js'
import { realmOf, runOk } from '../../realms/clients.js'
import type { RealmInfo, RealmsInfo } from '../../realms/realm-info.js'

/** What words in capitals stand for, as only an administrator knows. */
export type Known = Readonly<Record<string, string>>

type Ran = Awaited<ReturnType<typeof runOk>>

/**
 * Does what hints say, as the administrator of a realm would: by the very command that is printed.
 * What a machine that is a domain controller or a KDC knows by itself (where its database is, and
 * which realm it has) is told by the environment here, or put in where programs do not look into
 * it.
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
    // dash knows no functions whose names have a hyphen.
    return runOk(this.realm.machine.root === undefined ? 'sh' : 'bash', ['-c', script], {
      environment: { ...this.realm.machine.environment, ...environment },
      input,
    })
  }

  private here(command: string): [script: string, environment: Record<string, string>] {
    const { directory } = this.info
    const { name, kind, machine } = this.realm
    if (kind === 'samba') {
      const { smbConf = '', root } = machine
      const script = command.replaceAll('/var/lib/samba/private', join(dirname(smbConf), 'private'))
      return [inRoot(root) + script, { SMB_CONF_PATH: smbConf, TDB_NO_FSYNC: '1' }]
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
      {},
    ]
  }
}

/**
 * There is no shell where programs have a root of their own: this machine's calls them there. What
 * they would call is not there either.
 */
function inRoot(root: string | undefined): string {
  if (root === undefined) return ''
  return ['samba-tool', 'ldbsearch', 'ldbmodify']
    .map((program) => `${program}() { chroot ${root} ${program} "$@"; }; `)
    .join('')
}

function heimdal(): { programs: string; libraries: string } {
  const tree = fileURLToPath(new URL(`../../../node_modules/.cache/s4u/heimdal-${process.arch}/usr/`, import.meta.url))
  const found = readdirSync(join(tree, 'lib')).find((name) => name.includes('-linux-')) ?? ''
  return { programs: join(tree, 'bin'), libraries: join(tree, 'lib', found) }
}
