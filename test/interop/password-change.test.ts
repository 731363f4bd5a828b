import { changePassword, type ChangePasswordOptions, createKdcClient, S4uError } from '@s4u/kdc-client'
import { createNegotiator } from '@s4u/negotiate'
import { createTestRealm } from '@s4u/test-kdc'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { run, runOk } from '../realms/clients.js'
import { describeRealms } from '../realms/suite.js'
import { descriptorOf, type Directory, directoryOf, kadmin, samba } from './password-change.site.js'

const OLD = 'old-Passw0rd-1'
const NEW = 'new-Passw0rd-2'

async function refusalOf(promise: Promise<unknown>): Promise<S4uError> {
  const outcome: unknown = await promise.then(
    () => undefined,
    (error: unknown) => error,
  )
  if (S4uError.is(outcome)) return outcome
  throw new Error('it was granted, or failed otherwise', { cause: outcome })
}

await describeRealms('The password servers of Samba, MIT and Heimdal', ['CORP', 'EAST', 'NORTH'], (info) => {
  const { krb5Config } = info
  const change = (principal: string, more: Partial<ChangePasswordOptions> = {}): Promise<unknown> =>
    changePassword(Object.assign({ principal, krb5Config, oldPassword: OLD, newPassword: NEW }, more))
  /** By whoever says so: MIT's programs, which share nothing with ours. */
  const signsIn = async (principal: string, password: string): Promise<boolean> => {
    const { status } = await run('kinit', ['-c', 'MEMORY:', principal], {
      environment: info.environment,
      input: `${password}\n`,
    })
    return status === 0
  }

  describe.each(['CORP', 'EAST', 'NORTH'] as const)('of %s', (key) => {
    const at: Directory = directoryOf(info, key)
    const setBy = (principal: string, password: string): Partial<ChangePasswordOptions> => ({
      oldPassword: undefined,
      credentials: { principal, password },
    })

    // Heimdal's kpasswdd has no TCP.
    test.each(key === 'NORTH' ? ['udp'] : ['tcp', 'udp'])('change the user’s own password, by %s', async (protocol) => {
      const user = await at.newUser(OLD)
      const { host, port } = at.realm.kpasswd ?? expect.fail('there is none')
      expect(await change(user, { kpasswd: `${protocol}/${host}:${port}` })).toEqual({ principal: user })
      expect([await signsIn(user, NEW), await signsIn(user, OLD)]).toEqual([true, false])
    })

    test('change one that has expired, where nothing else is to be had with it', async () => {
      const user = await at.newUser(OLD, true)
      const client = createKdcClient({ krb5Config, credentials: { principal: user, password: OLD } })
      expect((await refusalOf(client.tgtToForward())).code).toBe('KDC_ERR_KEY_EXPIRED')
      await change(user)
      expect(await signsIn(user, NEW)).toBe(true)
    })

    test('let a user sign in at a service whose password must be changed, and who brings a new one', async () => {
      const user = await at.newUser(OLD, true)
      const { kdc, kpasswd = expect.fail('there is none'), services } = at.realm
      using negotiator = createNegotiator({
        keytab: services.web.keytab,
        kdc: { kdc: `${kdc.host}:${kdc.port}`, kpasswd: `${kpasswd.host}:${kpasswd.port}` },
        domainSids: key === 'CORP' ? {} : { [at.realm.name]: false },
      })
      await expect(negotiator.identityFor({ user, password: OLD })).rejects.toMatchObject({
        code: 'KDC_ERR_KEY_EXPIRED',
      })
      const identity = await negotiator.identityFor({ user, password: OLD, newPassword: NEW })
      expect(identity.principal).toBe(user)
      expect(await signsIn(user, NEW)).toBe(true)
    })

    test('take characters that are not ASCII', async () => {
      const user = await at.newUser(OLD)
      // Heimdal knows the characters of Unicode 3.2, and says of others that they are no UTF-8.
      const newPassword = `Zoë-pässwörd-${key === 'NORTH' ? 'ж' : '\u{1f511}'}`
      await change(user, { newPassword })
      expect(await signsIn(user, newPassword)).toBe(true)
    })

    test('set the password of another for an administrator, and for nobody else', async () => {
      const user = await at.newUser(OLD)
      const other = await at.newUser('other-Passw0rd')
      const refused = await refusalOf(change(user, setBy(other, 'other-Passw0rd')))
      expect(refused).toMatchObject({
        name: 'PasswordChangeRefusedError',
        code: key === 'NORTH' ? 'KRB5_KPASSWD_HARDERROR' : 'KRB5_KPASSWD_ACCESSDENIED',
        unconfirmed: false,
      })
      expect(await signsIn(user, OLD)).toBe(true)
      const { principal, password } = at.administrator
      expect(await change(user, setBy(principal, password))).toEqual({ principal: user })
      expect(await signsIn(user, NEW)).toBe(true)
    })

    test('are not reached with a wrong old password', async () => {
      const user = await at.newUser(OLD)
      expect(await refusalOf(change(user, { oldPassword: 'guessed' }))).toMatchObject({
        name: 'KdcError',
        code: 'KDC_ERR_PREAUTH_FAILED',
        status: 401,
      })
    })
  })

  test('Samba tells the policy in a text, and takes what the text asks for', async () => {
    const at = directoryOf(info, 'CORP')
    const user = await at.newUser(OLD)
    const short = await refusalOf(change(user, { newPassword: 'abc' }))
    expect(short).toMatchObject({
      code: 'KRB5_KPASSWD_SOFTERROR',
      status: 400,
      text: 'Password too short, password must be at least 4 characters long.',
      hint: 'Choose another new password: the server says "Password too short, password must be at least 4 characters long."',
    })
    await change(user, { newPassword: 'abcd' })
    const used = await refusalOf(change(user, { oldPassword: 'abcd', newPassword: OLD }))
    expect(used).toMatchObject({ code: 'KRB5_KPASSWD_SOFTERROR', text: expect.stringContaining('history') })
    await change(user, { oldPassword: 'abcd', newPassword: NEW })
  })

  test('MIT tells the policy in a text, and takes what the text asks for', async () => {
    const at = directoryOf(info, 'EAST')
    await kadmin(info, 'addpol -minlength 12 -minclasses 3 -history 3 strict')
    const user = await at.newUser(OLD)
    await kadmin(info, `modprinc -policy strict ${user}`)
    expect(await refusalOf(change(user, { newPassword: 'short' }))).toMatchObject({
      code: 'KRB5_KPASSWD_SOFTERROR',
      text: expect.stringMatching(/12 characters.*/),
    })
    await change(user, { newPassword: NEW })
    await kadmin(info, 'modpol -minlife 3600 strict')
    expect(await refusalOf(change(user, { oldPassword: NEW, newPassword: 'Third-Passw0rd-3' }))).toMatchObject({
      code: 'KRB5_KPASSWD_SOFTERROR',
      text: expect.stringMatching(/cannot be changed|too soon|minimum/i),
    })
  })

  test.each(['CORP', 'EAST'] as const)('an administrator of %s comes with a ticket', async (key) => {
    const at = directoryOf(info, key)
    const user = await at.newUser(OLD)
    const { principal, password } = at.administrator
    const ccache = join(info.directory, 'ccaches', `administrator-${key}`)
    await runOk('kinit', ['-c', ccache, principal], { environment: info.environment, input: `${password}\n` })
    const changing = change(user, { oldPassword: undefined, credentials: { ccache } })
    if (key === 'CORP') return expect(await changing).toEqual({ principal: user })
    // kadmin/changepw of MIT is given by sign-in alone (DISALLOW_TGT_BASED).
    const refused = await refusalOf(changing)
    expect(refused).toMatchObject({ name: 'KdcError', code: 'KDC_ERR_POLICY' })
    expect(refused.hint).toContain('give the administrator’s password or keytab as credentials')
    await change(user, { oldPassword: undefined, credentials: { principal, password } })
  })

  test('one’s own may not be changed on Samba where "User cannot change password" is set, as the hint says', async () => {
    const user = await directoryOf(info, 'CORP').newUser(OLD)
    const name = user.slice(0, user.indexOf('@'))
    // The extended right User-Change-Password, denied to SELF and Everyone. Source: MS-ADTS section
    // 5.1.3.2.1.
    const deny = ['PS', 'WD'].map((who) => `(OD;;CR;ab721a53-1e2f-11d0-9819-00aa0040529b;;${who})`).join('')
    const before = await descriptorOf(info, name)
    await samba(info, 'dsacl', 'set', `--objectdn=CN=${name},CN=Users,DC=corp,DC=test`, `--sddl=${deny}`)
    const refused = await refusalOf(change(user))
    expect(refused).toMatchObject({ code: 'KRB5_KPASSWD_ACCESSDENIED', status: 403 })
    expect(refused.hint).toContain('"User cannot change password" is set on the account. Take it away')
    await descriptorOf(info, name, before)
    await change(user)
  })

  test('"Reset password" on Samba is what the hint says: given, it works', async () => {
    const at = directoryOf(info, 'CORP')
    const [user, helper] = [await at.newUser(OLD), await at.newUser('helper-Passw0rd')]
    const byHelper: Partial<ChangePasswordOptions> = {
      oldPassword: undefined,
      credentials: { principal: helper, password: 'helper-Passw0rd' },
    }
    const refused = await refusalOf(change(user, byHelper))
    expect(refused.hint).toContain('On Active Directory and Samba: give it the right "Reset password" on the account')
    const name = (principal: string): string => principal.slice(0, principal.indexOf('@'))
    // The extended right User-Force-Change-Password. Source: MS-ADTS section 5.1.3.2.1.
    const { stdout } = await run(
      'samba-tool',
      ['user', 'show', name(helper), '--attributes=objectSid', '-s', join(info.directory, 'dc1', 'smb.conf')],
      { environment: info.environment },
    )
    const sid = /objectSid: (S-[\d-]+)/.exec(stdout)?.[1]
    await samba(
      info,
      ...['dsacl', 'set', `--objectdn=CN=${name(user)},CN=Users,DC=corp,DC=test`],
      `--sddl=(OA;;CR;00299570-246d-11d0-a768-00aa006e0529;;${sid})`,
    )
    await change(user, byHelper)
    expect(await signsIn(user, NEW)).toBe(true)
  })
})

await describeRealms('The embedded password server', ['EAST'], (info) => {
  test('changes passwords for MIT’s kpasswd, and tells it the policy', async () => {
    const realm = await createTestRealm({
      realm: 'AD.TEST',
      users: { alice: { password: OLD, mustChangePassword: true } },
      passwordPolicy: { minimumLength: 9, complexity: true },
    })
    await realm.listen({ host: `${info.block}.62` })
    const conf = join(info.directory, 'embedded-kpasswd.conf')
    writeFileSync(conf, realm.krb5Conf())
    const environment = { ...info.environment, KRB5_CONFIG: conf }
    const kpasswd = (old: string, wanted: string) =>
      run('kpasswd', ['alice@AD.TEST'], { environment, input: `${old}\n${wanted}\n${wanted}\n` })
    const refused = await kpasswd(OLD, 'short')
    expect([refused.status, refused.stdout]).toEqual([
      2,
      expect.stringContaining('The password must contain at least 9 characters.'),
    ])
    const changed = await kpasswd(OLD, NEW)
    expect([changed.status, changed.stdout]).toEqual([0, expect.stringContaining('Password changed.')])
    expect((await run('kinit', ['-c', 'MEMORY:', 'alice@AD.TEST'], { environment, input: `${NEW}\n` })).status).toBe(0)
    await realm[Symbol.asyncDispose]()
  })
})
