import { createKdcClient, type KdcClientOptions, type OtpToken, S4uError } from '@s4u/kdc-client'
import { formatPrincipal } from '@s4u/krb5'
import { createNegotiator } from '@s4u/negotiate'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../realms/suite.js'
import { type MitOtp, OTP_REALM, startMitOtp } from './peers/mit-otp.js'

await describeRealms('one-time passwords of MIT and FreeRADIUS', ['mit-otp'], (info) => {
  const web = 'HTTP/web.otp.test'
  let site: MitOtp
  let keytab: string

  beforeAll(async () => {
    site = await startMitOtp({
      address: `${info.block}.61`,
      passwords: { otto: '755224', paula: 'secret755224', plain: '755224', free: '755224' },
      commands: (folder) => [
        `addprinc -randkey ${web}`,
        `ktadd -norandkey -k ${join(folder, 'web.keytab')} ${web}`,
        ...['otto', 'paula'].flatMap((name) => [
          `addprinc +requires_preauth -pw pw-${name} ${name}`,
          `setstr ${name} otp "[{""type"":""DEFAULT""}]"`,
        ]),
        'addprinc +requires_preauth -pw pw-plain plain',
        'addprinc -requires_preauth -pw pw-free free',
      ],
    })
    keytab = join(site.folder, 'web.keytab')
  }, 120_000)
  afterAll(() => site?.[Symbol.asyncDispose]())

  const clientOf = (name: string, otp: string, more: Partial<KdcClientOptions> & { password?: string } = {}) => {
    const { password, ...options } = more
    const credentials = { principal: `${name}@${OTP_REALM}`, otp, ...(password !== undefined && { password }) }
    return createKdcClient({ kdc: site.kdc, credentials, armor: { keytab }, ...options })
  }

  test('sign a user in', async () => {
    const ticket = await clientOf('otto', '755224').ticketFor(web)
    expect(formatPrincipal(ticket.client)).toBe(`otto@${OTP_REALM}`)
  })

  test('sign a user in to a service, whose own ticket is the armor', async () => {
    using service = createNegotiator({ keytab, kdc: site.kdc })
    const identity = await service.identityFor({ user: `otto@${OTP_REALM}`, otp: '755224' })
    expect(identity).toMatchObject({ principal: `otto@${OTP_REALM}`, authenticationMethod: 'otp' })
  })

  test('go with the password, where the server wants both', async () => {
    const both = clientOf('paula', '755224', { password: 'secret' })
    expect(formatPrincipal((await both.ticketFor(web)).client)).toBe(`paula@${OTP_REALM}`)
    await expect(clientOf('paula', '755224').ticketFor(web)).rejects.toMatchObject(WRONG)
    using service = createNegotiator({ keytab, kdc: site.kdc })
    const identity = await service.identityFor({ user: 'paula', password: 'secret', otp: '755224' })
    expect(identity.principal).toBe(`paula@${OTP_REALM}`)
  })

  test('that are wrong let nobody in', async () => {
    await expect(clientOf('otto', '000000').ticketFor(web)).rejects.toMatchObject(WRONG)
    using service = createNegotiator({ keytab, kdc: site.kdc })
    const wrong = service.identityFor({ user: `otto@${OTP_REALM}`, otp: '000000' })
    await expect(wrong).rejects.toMatchObject({ ...WRONG, status: 401 })
  })

  test('are asked for by a function, at each sign-in', async () => {
    const asked: OtpToken[] = []
    const otp = (token: OtpToken) => {
      asked.push(token)
      return Promise.resolve('755224')
    }
    const credentials = { principal: `otto@${OTP_REALM}`, otp }
    await createKdcClient({ kdc: site.kdc, credentials, armor: { keytab } }).ticketFor(web)
    expect(asked).toEqual([{ next: false }])
  })

  test('are shown to no KDC that does not ask for them, and the hint makes it ask', async () => {
    const refused = { code: 'KDC_ERR_PADATA_TYPE_NOSUPP', hint: expect.stringContaining('does not ask') }
    // With pre-authentication it asks for the password alone, and without for nothing.
    for (const name of ['plain', 'free']) {
      const told = await clientOf(name, '755224')
        .ticketFor(web)
        .catch((error: unknown) => error)
      expect(told).toMatchObject(refused)
      const commands = told instanceof S4uError ? (told.hint ?? '').split('. ').at(-1)?.split(' | ') : []
      expect(commands).toEqual([
        `kadmin.local setstr ${name}@${OTP_REALM} otp '[{"type":"DEFAULT"}]'`,
        `kadmin.local modprinc +requires_preauth ${name}@${OTP_REALM}`,
      ])
      for (const command of commands ?? []) await site.kadmin(command)
      expect(formatPrincipal((await clientOf(name, '755224').ticketFor(web)).client)).toBe(`${name}@${OTP_REALM}`)
    }
  })
})

const WRONG = {
  name: 'KdcError',
  code: 'KDC_ERR_PREAUTH_FAILED',
  hint: expect.stringContaining('the next value that the token shows'),
}
