import { kinit, realmOf, runOk } from '../../realms/clients.js'
import type { FileServer } from './file-server.js'

type Info = Parameters<typeof kinit>[0]

/** Has Samba's own client do something in a share, as alice. Returns what it prints. */
export async function smbclient(
  info: Info,
  { host, address }: FileServer,
  share: string,
  ...commands: readonly string[]
): Promise<string> {
  const login = await kinit(info, 'CORP', 'alice')
  const { stdout } = await runOk(
    'smbclient',
    [
      ...[`//${host}/${share}`, '-I', address, `--use-krb5-ccache=${login.ccache}`],
      ...['--configfile=/dev/null', `--option=realm=${realmOf(info, 'CORP').name}`, '-c', commands.join('; ')],
    ],
    { environment: login.environment, directory: info.directory },
  )
  return stdout
}
