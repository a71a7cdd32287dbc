import neostandard from 'neostandard'

export default [
  ...neostandard({ ts: true, ignores: ['dist/**', 'prisma/generated/**', '.tap/**', '.latchkey*/**'] }),
  {
    rules: {
      // A TypeBox schema and its type share one name
      '@typescript-eslint/no-redeclare': 'off',
      // `error` is also a wire name of OAuth
      'n/handle-callback-err': 'off',
      // The pages are strings, there is no list to reconcile
      'react/jsx-key': 'off',
      // Closures change them
      'no-unmodified-loop-condition': 'off',
      '@stylistic/object-property-newline': 'off'
    }
  }
]
