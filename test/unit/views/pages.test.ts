import t, { type Test } from 'tap'
import { direction } from '../../../src/views/format.ts'
import { tagsOf, type Tag } from './html.ts'
import { pageOf, samplePages } from './samples.ts'

const CONTROLS = ['input', 'select', 'textarea']

for (const [language, locale] of [['en', 'en-GB'], ['de', 'de-AT'], ['en', 'ar']] as const) {
  for (const [name, html] of Object.entries(samplePages(pageOf(language, locale)))) {
    t.test(`${name} in ${locale} is well-formed, labeled, and within its Content-Security-Policy`, async (t) => {
      const tags = tagsOf(html)
      t.match(html, /^<!DOCTYPE html><html lang="/)
      t.equal(tags.filter((tag) => tag.name === 'h1').length, 1, 'one heading')
      t.same(tags[0]?.attributes, { lang: locale, dir: direction(locale) })
      t.notMatch(html, /undefined|\[object|NaN/)
      checkPolicy(t, tags)
      checkForms(t, tags)
      checkLabels(t, tags)
    })
  }
}

/** What the Content-Security-Policy would refuse. */
function checkPolicy (t: Test, tags: Tag[]): void {
  t.same(
    tags.filter(({ name }) => ['script', 'style', 'iframe', 'object', 'embed', 'base'].includes(name)),
    [],
    'no script and no inline style'
  )
  t.same(
    tags.filter(({ attributes }) => Object.keys(attributes).some((key) => key === 'style' || key.startsWith('on'))),
    [],
    'no such attribute either'
  )
  // The documents of the operator
  const outside = ({ name, attributes: { target, rel } }: Tag) => name === 'a' && target === '_blank' && rel === 'noopener noreferrer'
  const targets = tags.filter((tag) => !outside(tag)).flatMap(({ attributes }) =>
    ['href', 'src', 'action', 'formaction', 'srcset'].flatMap((key) => attributes[key] ?? [])
  )
  t.same(targets.filter((target) => !/^(\/(?!\/)|#|data:(,|image\/))/.test(target)), [], 'no address elsewhere')
}

function checkForms (t: Test, tags: Tag[]): void {
  const forms = tags.filter(({ name }) => name === 'form')
  t.ok(forms.every(({ attributes }) => attributes['method'] === 'post'), 'forms post')
  t.equal(tags.filter(({ attributes }) => attributes['name'] === '_csrf').length, forms.length, 'with a token each')
  t.ok(tags.filter(({ attributes }) => 'autofocus' in attributes).length <= 1, 'one place to begin')
}

function checkLabels (t: Test, tags: Tag[]): void {
  const ids = tags.flatMap(({ attributes }) => attributes['id'] ?? [])
  t.same(ids, [...new Set(ids)], 'ids are unique')
  const labeled = tags.flatMap(({ name, attributes }) => name === 'label' && attributes['for'] !== undefined ? [attributes['for']] : [])
  const controls = tags.filter(({ name, attributes }) =>
    CONTROLS.includes(name) && !['hidden', 'checkbox'].includes(attributes['type'] ?? '') && attributes['hidden'] === undefined
  )
  t.same(labeled.sort(), controls.map(({ attributes }) => attributes['id']).sort(), 'a label for every control')
  const described = tags.flatMap(({ attributes }) => (attributes['aria-describedby'] ?? '').split(' ').filter(Boolean))
  t.same(described.filter((id) => !ids.includes(id)), [], 'descriptions are there')
  const targets = tags.flatMap(({ attributes }) => attributes['href']?.startsWith('#') ? [attributes['href'].slice(1)] : [])
  t.same(targets.filter((id) => !ids.includes(id)), [], 'links within the page lead somewhere')
}
