import { EXIT } from '@s4u/cli'
import { Keytab } from '@s4u/krb5'
import { mkdtempSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run, runOk } from '../../realms/clients.js'
import { describeRealms } from '../../realms/suite.js'
import { s4u } from '../doctor/s4u.js'
import { NewService } from './new-service.js'
import { SetupPage } from './setup-page.js'

/** docs/key-rotation.md, "On several machines": keys come before the directory has the password. */
const section = new SetupPage('key-rotation').text.split('## On several machines\n')[1].split('\n## ')[0]
const [password, keys, change, check] = [...section.matchAll(/^```sh\n([^]*?)^```$/gm)].map(([, text]) => text)

await describeRealms('the keys of a password that an account will have', ['CORP'], (info) => {
  const service = new NewService(info, 'CORP', 'turned')
  const folder = mkdtempSync(join(info.directory, 'future-'))
  const { administrator } = service.realm

  /** Types the lines of the page that are not of `s4u`, in the folder. */
  const type = (text: string) =>
    runOk('bash', ['-ec', service.named(text).replaceAll(/^s4u .*\n/gm, '')], {
      directory: folder,
      environment: info.environment,
    })
  const typeS4u = (text: string, typed: readonly string[] = []) =>
    s4u(
      service
        .words(/^s4u .*$/m.exec(text)?.[0] ?? '')
        .map((word) => (/^(?:next|both)\.keytab$/.test(word) ? join(folder, word) : word)),
      typed,
    )

  test('open tickets of before and after the change, and no user is refused', async () => {
    const setup = new SetupPage('directory-setup')
    await service.type(setup.commandsOf('Account, name and keytab', 'Samba'))
    const { entries } = Keytab.decode(readFileSync(service.keytab))
    const next = Math.max(...entries.map(({ kvno }) => kvno)) + 1
    const ofNext = (text: string): string => text.replaceAll('-k 3', `-k ${next}`)

    using negotiator = service.open()
    expect(await service.signIn(negotiator, 'alice')).toMatchObject({ principal: service.principalOf('alice') })
    await type(password)
    expect(await typeS4u(password)).toMatchObject({ code: EXIT.OK })
    await type(ofNext(keys))
    expect(await typeS4u(keys)).toMatchObject({ code: EXIT.OK })
    renameSync(join(folder, 'both.keytab'), service.keytab)
    expect(await service.signIn(negotiator, 'alice')).toMatchObject({ principal: service.principalOf('alice') })

    const secret = readFileSync(join(folder, 'next-password'), 'utf8').trim()
    const changed = await typeS4u(change, [administrator?.password ?? '', secret, secret])
    expect(changed).toMatchObject({ code: EXIT.OK })
    expect(await service.signIn(negotiator, 'alice')).toMatchObject({ principal: service.principalOf('alice') })
    const checked = await s4u(service.words(`s4u keytab check ${service.keytab}`))
    expect(checked.out).toMatch(new RegExp(`^ *${next} .*current`, 'm'))
    await type(check)
    expect((await run('ls', [join(folder, 'next-password')])).status).not.toBe(0)
  })
})
