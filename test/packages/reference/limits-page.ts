import { packageNames } from '../sources.js'
import type { Limit } from './limits.js'

/**
 * The page docs/limits.md, made of the constants in the sources and the comments above them.
 *
 * @param write the command that writes the page
 */
export function limitsPage(limits: readonly Limit[], write: string): string {
  const sections = packageNames.flatMap((name) => {
    const own = limits.filter(({ path }) => path.startsWith(`packages/${name}/`))
    return own.length === 0 ? [] : [`## ${name}\n\n${tableOf(own)}`]
  })
  return `# Limits

Each number that bounds something in s4u, with its reason: sizes, counts and depths that a peer could grow, and times after which a wait ends or a memory is dropped. A value that an option changes is the default of the option, and so the constants that begin with \`DEFAULT_\`; all others are fixed. A message that goes beyond a limit is refused with a typed error.

Times have their unit, and sizes are in octets (1 KB is 1,024 of them). Numbers without a unit count what the sentence beside them names.

This page is made of the constants in the sources and the comments above them. After a change: \`${write}\`.

${sections.join('\n\n')}
`
}

function tableOf(limits: readonly Limit[]): string {
  const rows = limits.map(
    ({ name, shown, reason, path }) => `| [\`${name}\`](../${path}) | ${shown} | ${reason.replaceAll('|', '\\|')} |`,
  )
  return ['| limit | value | why |', '| --- | --- | --- |', ...rows].join('\n')
}
