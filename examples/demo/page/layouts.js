/**
 * Where everything stands in the drawing: side by side on a wide screen, one below the other on a
 * phone. `room`: how long a line of a label may be; a longer one goes up, line by line.
 */

const NODE = { width: 134, height: 66 }
const TALL_NODE = { width: 152, height: 56 }

export const wide = {
  name: 'wide',
  box: [1040, 376],
  kdc: { x: 24, y: 8, width: 992, height: 44 },
  size: NODE,
  nodes: {
    browser: [115, 176],
    web: [385, 176],
    api: [655, 176],
    data: [925, 176],
    vault: [115, 328],
    archive: [655, 328],
  },
  edges: {
    'browser-web': {
      path: 'M182 176 H318',
      texts: [
        [250, 163],
        [250, 197],
        [250, 214],
      ],
      anchor: 'middle',
    },
    'web-api': {
      path: 'M452 176 H588',
      texts: [
        [520, 163],
        [520, 197],
        [520, 214],
      ],
      anchor: 'middle',
    },
    'api-data': {
      path: 'M722 176 H858',
      texts: [
        [790, 163],
        [790, 197],
        [790, 214],
      ],
      anchor: 'middle',
    },
    'web-archive': {
      path: 'M405 209 V320 Q405 328 413 328 H588',
      texts: [
        [497, 315],
        [497, 349],
        [497, 366],
      ],
      anchor: 'middle',
    },
    'web-vault': {
      path: 'M365 209 V320 Q365 328 357 328 H182',
      texts: [
        [273, 315],
        [273, 349],
        [273, 366],
      ],
      anchor: 'middle',
    },
    'browser-kdc': {
      path: 'M115 143 V52',
      texts: [
        [125, 92],
        [125, 109],
      ],
      anchor: 'start',
    },
    'web-kdc': {
      path: 'M385 143 V52',
      texts: [
        [395, 92],
        [395, 109],
      ],
      anchor: 'start',
    },
    'api-kdc': {
      path: 'M655 143 V52',
      texts: [
        [665, 92],
        [665, 109],
      ],
      anchor: 'start',
    },
  },
}

export const tall = {
  name: 'tall',
  box: [343, 640],
  kdc: { x: 301, y: 10, width: 36, height: 336, upright: true },
  size: TALL_NODE,
  nodes: {
    browser: [102, 40],
    web: [102, 172],
    api: [102, 304],
    data: [102, 436],
    archive: [102, 530],
    vault: [102, 606],
  },
  edges: {
    'browser-web': {
      path: 'M102 68 V144',
      texts: [
        [113, 91],
        [113, 108],
        [113, 125],
      ],
      anchor: 'start',
    },
    'web-api': {
      path: 'M102 200 V276',
      texts: [
        [113, 223],
        [113, 240],
        [113, 257],
      ],
      anchor: 'start',
    },
    'api-data': {
      path: 'M102 332 V408',
      texts: [
        [113, 355],
        [113, 372],
        [113, 389],
      ],
      anchor: 'start',
    },
    'web-archive': {
      path: 'M26 178 H24 Q16 178 16 186 V522 Q16 530 24 530 H26',
      texts: [
        [187, 518],
        [187, 535],
        [187, 552],
      ],
      anchor: 'start',
    },
    'web-vault': {
      path: 'M26 166 H14 Q6 166 6 174 V598 Q6 606 14 606 H26',
      texts: [
        [187, 602],
        [187, 619],
        [187, 636],
      ],
      anchor: 'start',
    },
    'browser-kdc': {
      path: 'M178 40 H301',
      room: 112,
      texts: [
        [239, 32],
        [239, 56],
      ],
      anchor: 'middle',
    },
    'web-kdc': {
      path: 'M178 172 H301',
      room: 112,
      texts: [
        [239, 164],
        [239, 188],
      ],
      anchor: 'middle',
    },
    'api-kdc': {
      path: 'M178 304 H301',
      room: 112,
      texts: [
        [239, 296],
        [239, 320],
      ],
      anchor: 'middle',
    },
  },
}
