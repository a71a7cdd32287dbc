import { createHash } from 'node:crypto'
import { parseHex, readableOn, textOn, toHex, type Rgb } from './color.ts'
import { base } from './css/base.css.ts'
import { form } from './css/form.css.ts'
import { parts } from './css/parts.css.ts'

/** The text of the only stylesheet, and the path at which it may be cached indefinitely. */
export type Stylesheet = { css: string, hash: string, path: string }

const ACCENT = '#2f5bd3'
/** As in css/base.css.ts: card, page, and a tinted box. */
const LIGHT: readonly Rgb[] = ['#ffffff', '#f5f6f8', '#fdf0ee'].map(parseHex)
const DARK: readonly Rgb[] = ['#1b1f27', '#12151a', '#33201f'].map(parseHex)
/** WCAG 2.2, 1.4.11: minimum contrast of the edge of a control. */
const EDGE = 3

/** @throws TypeError when the accent is not a color */
export function createStylesheet (
  { accent = ACCENT, basePath = '' }: { accent?: string | undefined, basePath?: string | undefined } = {}
): Stylesheet {
  const css = [accentVariables(parseHex(accent)), base, form, parts].join('\n')
  const hash = createHash('sha256').update(css).digest('hex').slice(0, 16)
  return { css, hash, path: `${basePath}/assets/latchkey.${hash}.css` }
}

/** In the stylesheet rather than the pages, whose policy allows no inline styles. */
function accentVariables (accent: Rgb): string {
  const shades = (backgrounds: readonly Rgb[]) =>
    `--accent-text: ${toHex(readableOn(accent, backgrounds))}; --accent-edge: ${toHex(readableOn(accent, backgrounds, EDGE))};`
  return `:root { --accent: ${toHex(accent)}; --on-accent: ${toHex(textOn(accent))}; ${shades(LIGHT)} }
@media (prefers-color-scheme: dark) { :root { ${shades(DARK)} } }`
}
