import t from 'tap'
import { boundedPattern } from '../../../src/runtime/bounded-pattern.ts'

t.test('a pattern matches as it does elsewhere', async (t) => {
  for (const [pattern, text, expected] of [
    ['^[a-z][a-z0-9._-]{2,31}$', 'ada', true], ['^[a-z][a-z0-9._-]{2,31}$', 'a', false],
    ['^[a-z]+(-[a-z]+)*$', 'ada-lovelace', true], ['^[a-z]+(-[a-z]+)*$', 'ada-', false], ['^(.)\\1$', 'aa', true], ['^(.)\\1$', 'ab', false],
    [/^ada$/i, 'ADA', true], ['^\\p{Lu}+ \\p{Lu}+$', 'ÄÖ Ü', true]
  ] as const) t.equal(boundedPattern(pattern)(text), expected, `${pattern} ${text}`)
  t.throws(() => boundedPattern('('), SyntaxError)
})

t.test('no text makes a pattern take long', async (t) => {
  for (const [pattern, text] of [
    ['^(a+)+$', `${'a'.repeat(500)}!`], ['^([a-z0-9]+)*@$', 'a'.repeat(500)], ['^(a|aa)+$', `${'a'.repeat(500)}!`],
    ['^(?:a{1,9}){1,40}$', `${'a'.repeat(100)}!`], ['a*a*a*a*a*b', 'a'.repeat(500)], ['^(a{0,30}){30}$', `${'a'.repeat(100)}!`],
    ['[a]{0,400}[a]{0,400}[a]{0,400}b', 'a'.repeat(500)]
  ] as const) {
    const matches = boundedPattern(pattern)
    const before = performance.now()
    t.equal(matches(text), false)
    t.ok(performance.now() - before < 1000, `${pattern}: ${Math.round(performance.now() - before)} ms`)
  }
})
