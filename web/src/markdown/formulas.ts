// TeX to MathML, which browsers draw themselves: no fonts, no style sheet.
import temml from 'temml';

export function formula(tex: string, display: boolean): string {
  return temml.renderToString(tex, {
    displayMode: display,
    throwOnError: false,
    trust: false,
    maxSize: [20, 20],
    maxExpand: 500,
    errorColor: 'var(--danger)',
  });
}
