import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import { describeRealms } from '../../realms/suite.js'
import { Administrator } from '../diagnosis/administrator.js'
import { ExaminedService } from './examined-service.js'

const example = fileURLToPath(new URL('../../../examples/health/health.mjs', import.meta.url))

await describeRealms('the example of a health endpoint', ['CORP'], (info) => {
  const at = new ExaminedService(info, 'CORP', 61)
  const administrator = new Administrator(info, 'CORP')
  const port = '8188'
  beforeAll(async () => {
    await at.makeAccounts()
    await at.nameIt(administrator)
  })

  /** What it answers to three who ask at once, and what it writes into its log. */
  async function health(environment: Record<string, string> = {}) {
    const { kdc } = at.realm
    const set = { KEYTAB: at.keytab, SERVICE: at.spn, DNS: kdc.host, HOST: at.address, PORT: port }
    const env = { ...process.env, KRB5_CONFIG: info.krb5Config, ...set, ...environment }
    const child = spawn(process.execPath, [example], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    try {
      let log = ''
      child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()))
      await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
      const url = `http://${at.address}:${port}`
      const answers = await Promise.all([1, 2, 3].map(() => fetch(`${url}/health`)))
      const [{ status }] = answers
      const texts = await Promise.all(answers.map((answer) => answer.text()))
      expect(new Set(texts).size).toBe(1)
      expect((await fetch(`${url}/`)).status).toBe(404)
      return { code: status, text: texts[0], log }
    } finally {
      child.kill()
      await once(child, 'exit')
    }
  }

  test('says 200 for a service that can sign its users in, and go on in their names', async () => {
    const { code, text, log } = await health({ AS: 'examinee', TO: at.target })
    expect([code, log]).toEqual([200, ''])
    expect(JSON.parse(text)).toMatchObject({ status: 'ok', checks: { 'sign-in': 'ok', s4u2proxy: 'ok' } })
  })

  test('says 503 and which check failed, and no name of an account; the log says the rest', async () => {
    await administrator.run('samba-tool user disable svc-exam')
    try {
      const { code, text, log } = await health()
      expect(code).toBe(503)
      expect(JSON.parse(text)).toMatchObject({ status: 'failed', checks: { 'sign-in': 'failed' } })
      expect(text).not.toMatch(/svc-exam|corp/i)
      expect(log).toMatch(/^sign-in: .*svc-exam@CORP\.TEST: KDC_ERR_CLIENT_REVOKED/)
    } finally {
      await administrator.run('samba-tool user enable svc-exam')
    }
  })

  test('says 503 where nothing can be looked at', async () => {
    const { code, text } = await health({ KEYTAB: '/nowhere/web.keytab' })
    expect([code, JSON.parse(text).status]).toEqual([503, 'failed'])
  })
})
