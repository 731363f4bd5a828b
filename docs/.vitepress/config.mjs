import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitepress'
import { ladder } from './ladder.mjs'
import { sidebars } from './navigation.mjs'
import { assembled, packageNames, repository } from './pages.mjs'

/** The place of the site below its host: `/s4u/` for pages of a GitHub project. */
const base = process.env.S4U_DOCS_BASE ?? '/'

const lateSidebar = fileURLToPath(new URL('theme/late-sidebar.mjs', import.meta.url))

export default defineConfig({
  title: 's4u',
  description: 'Kerberos single sign-on and constrained delegation for Node, in TypeScript, with no native code',
  lang: 'en',
  base,
  srcDir: assembled,
  outDir: fileURLToPath(new URL('dist', import.meta.url)),
  cacheDir: fileURLToPath(new URL('cache', import.meta.url)),
  // Plain files: any server can hand them out, none needs to know of rewriting.
  cleanUrls: false,
  // The links are looked at in what was built, with their anchors (test/packages/site).
  ignoreDeadLinks: true,
  markdown: {
    // What looks like an element in a text is text: `Promise<Response>`.
    html: false,
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    anchor: { slugify: slugOf },
    config: (md) => md.use(plainText).use(scrollingTables).use(drawings),
    languageAlias: { haproxy: 'nginx', caddyfile: 'nginx', ladder: 'txt' },
    toc: { level: [2, 3] },
  },
  // The theme asks for its list of pages by this name.
  vite: { resolve: { alias: [{ find: /^\.\/components\/VPSidebar\.vue$/, replacement: lateSidebar }] } },
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: `${base}mark.svg` }]],
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Error codes', link: '/error-codes' },
      { text: 'Packages', link: '/packages/', activeMatch: '^/(?:packages|api)/' },
      { text: 'Changelog', link: '/changelog' },
    ],
    // Groups that fold have a button within a button, which screen readers cannot tell apart.
    sidebar: sidebars(packageNames),
    outline: [2, 3],
    socialLinks: [{ icon: 'github', link: repository }],
    externalLinkIcon: true,
  },
})

/** Anchors are those of GitHub, so that a link works in both places. */
function slugOf(heading) {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}\p{Pc} -]/gu, '')
    .replaceAll(' ', '-')
}

/** Braces in a text are text, and no expression of Vue. */
function plainText(md) {
  md.renderer.rules.text = (tokens, index) =>
    md.utils.escapeHtml(tokens[index].content).replaceAll('{{', '&#123;&#123;')
}

/** A wide table is scrolled by itself, also with the keyboard. */
function scrollingTables(md) {
  md.renderer.rules.table_open = (_tokens, _index, _options, env) => {
    env.tables = (env.tables ?? 0) + 1
    return `<div class="table" tabindex="0" role="region" aria-label="Table ${env.tables}"><table>\n`
  }
  md.renderer.rules.table_close = () => '</table></div>\n'
}

/** A fence of the language `ladder` is drawn. */
function drawings(md) {
  const fence = md.renderer.rules.fence
  md.renderer.rules.fence = (...given) => {
    const [tokens, index, , env] = given
    if (tokens[index].info.trim() !== 'ladder') return fence(...given)
    env.drawings = (env.drawings ?? 0) + 1
    return `<div class="ladder" tabindex="0" role="region" aria-label="Drawing ${env.drawings}" v-pre>${ladder(tokens[index].content)}</div>\n`
  }
}
