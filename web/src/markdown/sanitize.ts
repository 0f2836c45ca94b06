// The second wall: markdown-it already refuses raw HTML and odd URLs, and DOMPurify looks at what it made.
import DOMPurify from 'dompurify';

const kAllowedLink = /^(?:https?:|mailto:)/i;
const kAllowedImage = /^data:image\/(?:png|jpeg|gif|webp);base64,/i;

DOMPurify.addHook('afterSanitizeAttributes', (node) => {
  const isLink = node.tagName === 'A';
  if (node.hasAttribute('href') && !(isLink && kAllowedLink.test(node.getAttribute('href') ?? ''))) {
    node.removeAttribute('href');
  }
  if (isLink) {
    node.setAttribute('target', '_blank');
    node.setAttribute('rel', 'noopener noreferrer');
  }
  if (node.tagName === 'IMG' && !kAllowedImage.test(node.getAttribute('src') ?? '')) node.remove();
});

export function sanitize(html: string): string {
  return DOMPurify.sanitize(html, {
    USE_PROFILES: { html: true, mathMl: true },
    ADD_ATTR: ['target', 'form', 'linebreak'], // the last two are MathML's, on <mo>
    FORBID_TAGS: ['style', 'form', 'input', 'textarea', 'select', 'option', 'audio', 'video', 'source', 'track', 'dialog'],
    FORBID_ATTR: ['id', 'name', 'srcset', 'action', 'formaction', 'background', 'xlink:href'],
  });
}
