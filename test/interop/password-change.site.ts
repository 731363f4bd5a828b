import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { realmOf, runOk } from '../realms/clients.js'
import type { Account, RealmInfo, RealmsInfo } from '../realms/realm-info.js'

/** A directory whose administrator makes accounts that no other test knows. */
export interface Directory {
  readonly key: 'CORP' | 'EAST' | 'NORTH'
  readonly realm: RealmInfo
  readonly administrator: Account
  /** A user with this password, which may have to be changed at once. */
  newUser(password: string, mustChange?: boolean): Promise<string>
}

export function directoryOf(info: RealmsInfo, key: Directory['key']): Directory {
  const realm = realmOf(info, key)
  const { administrator } = realm
  if (administrator === undefined) throw new Error(`${key} has no administrator`)
  return {
    key,
    realm,
    administrator,
    async newUser(password, mustChange = false) {
      const name = `changer-${randomUUID().slice(0, 8)}`
      await MAKERS[key](info, { name, password, mustChange })
      return `${name}@${realm.name}`
    },
  }
}

interface NewUser {
  readonly name: string
  readonly password: string
  readonly mustChange: boolean
}

const MAKERS: Record<Directory['key'], (info: RealmsInfo, user: NewUser) => Promise<unknown>> = {
  CORP: (info, { name, password, mustChange }) =>
    samba(info, 'user', 'create', name, password, ...(mustChange ? ['--must-change-at-next-login'] : [])),
  EAST: (info, { name, password, mustChange }) =>
    kadmin(info, `addprinc +requires_preauth ${mustChange ? '+needchange' : ''} -pw ${password} ${name}`),
  NORTH: (info, { name, password, mustChange }) =>
    heimdal(info, [`add --use-defaults ${mustChange ? '--pw-expiration-time=2020-01-01' : ''} -p ${password} ${name}`]),
}

/** On the controller itself, as its administrator would. */
export function samba(info: RealmsInfo, ...args: readonly string[]): Promise<unknown> {
  return runOk('samba-tool', [...args, '-s', join(info.directory, 'dc1', 'smb.conf')], {
    environment: info.environment,
  })
}

export function kadmin(info: RealmsInfo, command: string): Promise<unknown> {
  const environment = { ...info.environment, KRB5_KDC_PROFILE: join(info.directory, 'EAST.TEST', 'kdc.conf') }
  return runOk('kadmin.local', ['-r', 'EAST.TEST', '-q', command], { environment })
}

function heimdal(info: RealmsInfo, commands: readonly string[]): Promise<unknown> {
  const { clients } = realmOf(info, 'NORTH')
  if (clients === undefined) throw new Error('NORTH has no programs of its own')
  const conf = join(info.directory, 'NORTH.TEST.conf')
  const environment = { ...info.environment, KRB5_CONFIG: conf, LD_LIBRARY_PATH: clients.libraries }
  return runOk(clients.kadmin, ['-l', '-c', conf, '-r', 'NORTH.TEST'], {
    environment,
    input: `${commands.join('\n')}\n`,
  })
}

/**
 * The security descriptor of a user of CORP, or another one in its place: samba-tool 4.17 only adds
 * to it.
 */
export async function descriptorOf(info: RealmsInfo, name: string, sddl = ''): Promise<string> {
  const args = ['-c', DESCRIPTOR, join(info.directory, 'dc1', 'smb.conf'), `CN=${name},CN=Users,DC=corp,DC=test`, sddl]
  const { stdout } = await runOk('/usr/bin/python3', args, { environment: info.environment })
  return stdout.trim()
}

const DESCRIPTOR = `
import sys
from samba.auth import system_session
from samba.param import LoadParm
from samba.samdb import SamDB
from samba.sd_utils import SDUtils
conf, dn, sddl = sys.argv[1:]
lp = LoadParm(); lp.load(conf)
utils = SDUtils(SamDB(lp=lp, session_info=system_session()))
if sddl: utils.modify_sd_on_dn(dn, sddl)
print(utils.get_sd_as_sddl(dn))
`
