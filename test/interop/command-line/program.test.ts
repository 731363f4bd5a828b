import { describe, expect, test } from 'vitest'
import { s4u } from './s4u-process.js'

const environment = { NO_COLOR: '1', KRB5_CONFIG: '/dev/null', KRB5CCNAME: 'FILE:/nowhere/krb5cc' }

describe('the process s4u', () => {
  test('tells its version', async () => {
    const ended = await s4u(['--version'], { environment })
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) })
  })

  test('is 2 for the shell where the command line is wrong, and says so on the standard error', async () => {
    const ended = await s4u(['klit'], { environment })
    expect(ended).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('Did you mean klist?') })
  })

  test.each([
    ['--color always', ['--color', 'always'], {}, true],
    ['a pipe', [], {}, false],
    ['FORCE_COLOR', [], { FORCE_COLOR: '1' }, true],
    ['NO_COLOR before FORCE_COLOR', [], { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ])('has colours or none with %s', async (_, words, variables, hasColours) => {
    const { stderr } = await s4u(['klist', ...words], {
      environment: { ...environment, NO_COLOR: undefined, ...variables },
    })
    expect(stderr.includes('\u{1b}[31m')).toBe(hasColours)
  })

  test('is as wide as COLUMNS says', async () => {
    const { stdout } = await s4u(['kvno', '--help'], { environment: { ...environment, COLUMNS: '50' } })
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(50)
  })
})
