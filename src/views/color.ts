export type Rgb = readonly [red: number, green: number, blue: number]

const BLACK: Rgb = [0, 0, 0]
const WHITE: Rgb = [255, 255, 255]
/** WCAG 2.2, 1.4.3: minimum contrast of text with its background. */
const TEXT = 4.5
/** Size of one step towards black or white. */
const STEP = 0.05

/** @throws TypeError for anything but #rgb and #rrggbb */
export function parseHex (hex: string): Rgb {
  const digits = /^#(?:[\da-f]{3}|[\da-f]{6})$/i.test(hex) ? hex.slice(1) : null
  if (digits === null) throw new TypeError(`The color ${JSON.stringify(hex)} is not valid: write it as #rrggbb, such as #2f5bd3`)
  const pairs = digits.length === 3 ? [...digits].map((digit) => digit + digit) : digits.match(/../g) as string[]
  const [red = 0, green = 0, blue = 0] = pairs.map((pair) => parseInt(pair, 16))
  return [red, green, blue]
}

export function toHex (color: Rgb): string {
  return '#' + color.map((part) => Math.round(part).toString(16).padStart(2, '0')).join('')
}

/** WCAG 2.2, contrast ratio: 1 to 21. */
export function contrast (a: Rgb, b: Rgb): number {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (light + 0.05) / (dark + 0.05)
}

/** Black or white, whichever has more contrast with a color; one of them always reaches 4.5. */
export function textOn (background: Rgb): Rgb {
  return contrast(background, WHITE) >= contrast(background, BLACK) ? WHITE : BLACK
}

/** The color, shifted away from its backgrounds until it is readable on all of them. */
export function readableOn (color: Rgb, backgrounds: readonly Rgb[], ratio = TEXT): Rgb {
  const target = luminance(backgrounds[0] ?? WHITE) > 0.5 ? BLACK : WHITE
  for (let share = 0; share < 1; share += STEP) {
    const mixed = mix(color, target, share)
    if (backgrounds.every((background) => contrast(mixed, background) >= ratio)) return mixed
  }
  return target
}

function mix (from: Rgb, to: Rgb, share: number): Rgb {
  const part = (index: 0 | 1 | 2) => Math.round(from[index] + (to[index] - from[index]) * share)
  return [part(0), part(1), part(2)]
}

function luminance ([red, green, blue]: Rgb): number {
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue)
}

function linear (part: number): number {
  const share = part / 255
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
}
