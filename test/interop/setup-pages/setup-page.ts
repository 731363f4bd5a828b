import { readFileSync } from 'node:fs'

/** A block of commands of a page, behind a tab that names the directory. */
export interface Tab {
  /** The heading above it: `Delegation`. */
  readonly heading: string
  /** `Samba, classic` */
  readonly label: string
  readonly language: string
  readonly commands: string
}

/** What the first line of a tab says that no test runs. */
export const NOT_RUN = '# not run by our tests: from its documentation'

/** A page of `docs` that tells administrators what to type. */
export class SetupPage {
  readonly text: string
  readonly tabs: readonly Tab[]

  /** @param name `tutorial`, of docs/tutorial.md */
  constructor(name: string) {
    this.text = readFileSync(new URL(`../../../docs/${name}.md`, import.meta.url), 'utf8')
    this.tabs = this.text.split(/^## /m).flatMap((section) => {
      const heading = section.slice(0, section.indexOf('\n'))
      const fences = section.matchAll(/^```(\w+) \[([^\]]+)\]\n([^]*?)^```$/gm)
      return [...fences].map(([, language, label, commands]) => ({ heading, label, language, commands }))
    })
  }

  /** The commands of a tab. */
  commandsOf(heading: string, label: string): string {
    const tab = this.tabs.find((one) => one.heading === heading && one.label === label)
    if (tab === undefined) throw new Error(`the page has no tab ${label} below ${heading}`)
    return tab.commands
  }

  /** The one command in a line of the text, or in a block, that begins so. */
  command(beginning: string): string {
    const start = this.text.search(new RegExp(`(?<=^|\`)${beginning}`, 'm'))
    if (start < 0) throw new Error(`the page has no command ${beginning}`)
    return this.text.slice(start).split(/[`\n]/)[0]
  }
}
