import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ConfigurationError, Keytab } from '@s4u/krb5'
import type { TestRealm } from '@s4u/test-kdc'
import { writeKeytab } from '../access/keytab-files.js'
import { defineCommand } from '../command-line/command.js'
import { readRealmFile } from '../realm-file/realm-file.js'
import type { RealmFile } from '../realm-file/realm-settings.js'
import { fields, line, styled } from '../terminal/blocks.js'

export const realm = defineCommand({
  name: 'realm',
  summary: 'Run a Kerberos realm on this machine until Ctrl-C, for examples and tests; never for production',
  details:
    'It writes krb5.conf, and a keytab for each service and one for all of them, into a folder, which goes with the realm unless --folder has named it. A new folder is for the user who starts the realm alone (mode 0700), and so is each keytab (0600), since a key is as good as a password: start services and clients as that user. Another user who starts the realm later with the same --folder is refused, and names a folder of their own.',
  operands: [
    {
      name: 'FILE',
      about: 'JSON: realm, users, services; default: AD.TEST with alice, bob, carol, svc-web, svc-api',
      completes: 'file',
    },
  ],
  options: {
    folder: {
      kind: 'text',
      short: 'o',
      value: 'FOLDER',
      completes: 'folder',
      about: 'write the files here, and leave them',
    },
    port: { kind: 'number', value: 'PORT', most: 65_535, about: 'of the KDC, on 127.0.0.1; default: any that is free' },
  },
  examples: [
    { line: 's4u realm', about: 'AD.TEST, with what to type in another terminal' },
    { line: 's4u realm corp.json -o ./corp', about: 'a realm of your own, its files in ./corp' },
  ],
  async run(given, session) {
    const [path] = given.operands
    const settings = readRealmFile(path)
    const { createTestRealm } = await import('@s4u/test-kdc')
    const running = await createTestRealm(settings)
    try {
      const port = given.number('port')
      const address = await running.listen({ host: '127.0.0.1', ...(port !== undefined && { port }) })
      const named = given.text('folder')
      const folder = named === undefined ? mkdtempSync(join(tmpdir(), 's4u-realm-')) : resolve(named)
      try {
        const files = writeFiles(running, settings, folder)
        session.print(
          { realm: running.realm, kdc: `${address.host}:${address.port}`, folder, ...files },
          blocksOf(running, folder, files.keytabs, settings),
        )
        await untilInterrupted(session.signal)
      } finally {
        if (named === undefined) rmSync(folder, { recursive: true, force: true })
      }
    } finally {
      await running[Symbol.asyncDispose]()
    }
    return { value: { realm: running.realm, ended: true }, blocks: [line(`${running.realm} has ended.`)] }
  },
})

interface WrittenFiles {
  readonly krb5Conf: string
  /** By account. */
  readonly keytabs: Readonly<Record<string, string>>
}

function writeFiles(running: TestRealm, { services = {} }: RealmFile, folder: string): WrittenFiles {
  const krb5Conf = writeConfiguration(running, folder)
  const all = Object.keys(services).map((name) => [name, running.keytabFor(name)] as const)
  const keytabs = Object.fromEntries(
    all.map(([name, keytab]) => {
      const path = join(folder, `${name.replace(/[^\w.$-]/g, '_')}.keytab`)
      writeKeytab(path, keytab)
      return [name, path]
    }),
  )
  writeKeytab(join(folder, 'all.keytab'), Keytab.merge(all.map(([, keytab]) => keytab)))
  return { krb5Conf, keytabs }
}

/** @throws ConfigurationError where this user may not write there */
function writeConfiguration(running: TestRealm, folder: string): string {
  const path = join(folder, 'krb5.conf')
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(path, running.krb5Conf())
    return path
  } catch (cause) {
    throw new ConfigurationError(`the files of the realm cannot be written: ${String(cause)}`, {
      cause,
      hint: 'Name a folder of this user with --folder. One that a realm of another user has made is for that user alone.',
    })
  }
}

function blocksOf(running: TestRealm, folder: string, keytabs: WrittenFiles['keytabs'], { users = {} }: RealmFile) {
  const [user] = Object.keys(users)
  const [keytab] = Object.values(keytabs)
  return [
    line(styled('bold', `${running.realm} is running. Ctrl-C ends it.`)),
    line(''),
    line('In another terminal:'),
    line(`  export KRB5_CONFIG=${folder}/krb5.conf`),
    line(`  export KRB5CCNAME=FILE:${folder}/krb5cc`),
    ...(keytab === undefined ? [] : [line(`  export KRB5_KTNAME=${keytab}`)]),
    ...(user === undefined ? [] : [line(`  s4u kinit ${user}`)]),
    line(''),
    fields([
      ['Users', Object.keys(users).join(', ') || 'none'],
      ['Keytabs', Object.values(keytabs).join(' ') || 'none'],
    ]),
  ]
}

function untilInterrupted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
