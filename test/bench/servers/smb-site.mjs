/** A Samba with a share, and a user of it, by the harness of the interop tests. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { createViteServer } from 'vitest/node'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** Undefined where no Samba can be had. */
export async function startSite() {
  const vite = await createViteServer({
    ...{ root, configFile: false, logLevel: 'error', appType: 'custom' },
    server: { middlewareMode: true, hmr: false, watch: null, ws: false },
  })
  try {
    const { startRealms } = await vite.ssrLoadModule('/test/realms/realms.ts')
    const { startFileServer } = await vite.ssrLoadModule('/test/interop/smb/file-server.ts')
    const { kinit } = await vite.ssrLoadModule('/test/realms/clients.ts')
    const realms = await startRealms({ wanted: ['CORP', 'file-server', 'mit-clients'] })
    const info = realms.info()
    const realm = info.realms.CORP
    if (realm === undefined) return void (await realms[Symbol.asyncDispose]())
    const server = await startFileServer(realm, 'CORP', `${info.block}.49`, { shares: { docs: {} } })
    const login = await kinit(info, 'CORP', 'alice')
    return {
      host: server.host,
      address: server.address,
      folder: server.folderOf('docs'),
      kdc: `${realm.kdc.host}:${realm.kdc.port}`,
      ...realm.users.alice,
      smbclient: (isSealed, commands) => smbclient({ server, login, realm }, isSealed, commands),
      async stop() {
        await server[Symbol.asyncDispose]()
        await realms[Symbol.asyncDispose]()
      },
    }
  } finally {
    await vite.close()
  }
}

async function smbclient({ server, login, realm }, isSealed, commands) {
  const args = [
    ...[`//${server.host}/docs`, '-I', server.address, `--use-krb5-ccache=${login.ccache}`],
    ...['--configfile=/dev/null', `--option=realm=${realm.name}`],
    `--client-protection=${isSealed ? 'encrypt' : 'sign'}`,
    ...(isSealed ? ['--option=client smb3 encryption algorithms=AES-128-GCM'] : []),
  ]
  const child = spawn('smbclient', args, {
    env: { ...process.env, ...login.environment },
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  child.stdin.end(`${commands.join('\n')}\n`)
  const [code] = await once(child, 'exit')
  if (code !== 0) throw new Error(`smbclient ended with ${code}: ${said}`)
}
