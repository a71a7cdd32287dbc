import t from 'tap'
import { createBrand } from '../../../src/views/brand.ts'
import { contrast, parseHex, readableOn, textOn, toHex } from '../../../src/views/color.ts'
import { createStylesheet } from '../../../src/views/style.css.ts'
import { LOGO } from './samples.ts'

t.test('a logo is a URL on this server or a data URL', async (t) => {
  for (const logo of [
    'javascript:alert(1)', 'JavaScript:x', 'https://cdn.example/logo.png', '//cdn.example/logo.png', '/\\cdn.example',
    'data:text/html,<script>', 'data:image/png;base64,AA"onerror=x', 'logo.png', '', 'vbscript:x', '<img src=x>'
  ]) {
    t.throws(() => createBrand({ name: 'x', logo }), /cannot be used/, logo)
  }
  t.equal(createBrand({ name: 'x', logo: '/logo.svg?v=2' }).logo, '/logo.svg?v=2')
  t.equal(createBrand({ name: 'x', logo: 'data:image/png;base64,AAAA' }).logo, 'data:image/png;base64,AAAA')
  t.equal(createBrand({ name: 'x' }).logo, null)
  const { logo } = createBrand({ name: 'x', logo: LOGO })
  t.match(Buffer.from(logo?.split(',')[1] ?? '', 'base64').toString(), '<svg xmlns="http://www.w3.org/2000/svg" viewBox')
})

t.test('each content of the stylesheet has its own file name', async (t) => {
  const plain = createStylesheet()
  t.match(plain.path, /^\/assets\/latchkey\.[0-9a-f]{16}\.css$/)
  t.equal(createStylesheet().path, plain.path)
  t.not(createStylesheet({ accent: '#c00' }).path, plain.path)
  t.equal(createBrand({ name: 'x', basePath: '/auth' }).stylesheet.path, `/auth${plain.path}`)
  t.notMatch(plain.css, /url\(|@import|https?:/, 'nothing from elsewhere')
})

t.test('an accent is a color and nothing else', async (t) => {
  for (const accent of ['red', '#12', '#12345', '#1234567', '#ggg', '#fff;}body{display:none', 'url(x)', '#fff\n']) {
    t.throws(() => createStylesheet({ accent }), /write it as #rrggbb/, accent)
  }
  t.same(parseHex('#1aF'), [0x11, 0xaa, 0xff])
  t.equal(toHex([17, 170, 255]), '#11aaff')
})

t.test('text on every accent has enough contrast', async (t) => {
  for (const accent of ['#ffffff', '#000000', '#777777', '#ffe600', '#00ff00', '#2f5bd3', '#ff4081', '#1b1f27'].map(parseHex)) {
    t.ok(contrast(textOn(accent), accent) >= 4.5, `text on ${toHex(accent)}`)
    for (const background of ['#ffffff', '#12151a'].map(parseHex)) {
      t.ok(contrast(readableOn(accent, [background]), background) >= 4.5, `${toHex(accent)} on ${toHex(background)}`)
    }
  }
  t.equal(Math.round(contrast([0, 0, 0], [255, 255, 255])), 21)
})
