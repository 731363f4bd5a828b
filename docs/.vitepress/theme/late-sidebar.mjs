/**
 * The list of pages beside the text, which Vue takes over when it is needed: at once beside a wide
 * text, and on a phone, where it is behind a button, with the first touch or key. Until then it is
 * what the server sent, whose links work. To take it over takes a phone longer than all else on the
 * page, and no touch is answered meanwhile.
 */
import VPSidebar from 'vitepress/dist/client/theme-default/components/VPSidebar.vue'
import { defineAsyncComponent } from 'vue'

/** The width from which the theme shows the list beside the text. */
const BESIDE_THE_TEXT = '(min-width: 960px)'
/** What comes before anything that changes the page or opens the list. */
const FIRST_OF_THE_READER = ['pointerdown', 'touchstart', 'keydown', 'click']

export default defineAsyncComponent({ loader: async () => VPSidebar, hydrate: whenNeeded })

function whenNeeded(hydrate) {
  const wide = matchMedia(BESIDE_THE_TEXT)
  if (wide.matches) return hydrate()
  const stop = () => {
    wide.removeEventListener('change', start)
    for (const name of FIRST_OF_THE_READER) removeEventListener(name, start, true)
  }
  const start = () => {
    stop()
    hydrate()
  }
  wide.addEventListener('change', start)
  for (const name of FIRST_OF_THE_READER) addEventListener(name, start, true)
  return stop
}
