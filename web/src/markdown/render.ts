// Markdown to safe HTML. Raw HTML is off, links lead only to http, https and mailto, and pictures from
// elsewhere become links: reading an answer makes no request.
import MarkdownIt from 'markdown-it';
import { t } from '../i18n';
import { formulas, highlighter } from './lazy';
import { mathRules } from './math-rules';
import { sanitize } from './sanitize';

const kLongestHighlighted = 40_000; // characters
const kAllowedLink = /^(?:https?:\/\/|mailto:)/i;
const kInlineImage = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

export const md = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
md.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
md.validateLink = (url) => kAllowedLink.test(url.trim()) || kInlineImage.test(url.trim());

const escape = md.utils.escapeHtml;

function codeBlock(code: string, info: string): string {
  const language = (/^[\w+#.-]+/.exec(info.trim())?.[0] ?? '').toLowerCase();
  const colour = language && code.length <= kLongestHighlighted ? highlighter.get() : null;
  const body = colour?.(code, language) ?? escape(code);
  const copy = escape(t('copyCode'));
  return (
    `<div class="code"><div class="code-head"><span>${escape(language)}</span>` +
    `<button type="button" class="copy-code" aria-label="${copy}">${escape(t('copy'))}</button></div>` +
    `<pre tabindex="0"><code>${body}</code></pre></div>\n`
  );
}

md.renderer.rules.fence = (tokens, index) => codeBlock(tokens[index]!.content, tokens[index]!.info);
md.renderer.rules.code_block = (tokens, index) => codeBlock(tokens[index]!.content, '');

md.renderer.rules.image = (tokens, index) => {
  const token = tokens[index]!;
  const source = String(token.attrGet('src') ?? '');
  const alt = escape(token.content);
  if (kInlineImage.test(source)) return `<img src="${escape(source)}" alt="${alt}">`;
  return `<a href="${escape(source)}">${escape(t('imageLink', { alt: token.content || source }))}</a>`;
};

md.renderer.rules.table_open = () => '<div class="table" tabindex="0"><table>\n';
md.renderer.rules.table_close = () => '</table></div>\n';

mathRules(md, (tex, display) => {
  const render = formulas.get();
  return render ? render(tex, display) : `<code class="tex">${escape(tex)}</code>`;
});

/** `env` carries link definitions from one block to the next. */
export function renderMarkdown(source: string, env: object = {}): string {
  return sanitize(md.render(source, env));
}
