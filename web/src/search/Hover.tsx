// One card for all marks of the page: what is quoted, or what a mark means. It stays while the pointer is
// over it, goes with Escape, and is never needed: pressing the mark tells the same.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

const kShow_ms = 120;
const kHide_ms = 160;
const kMargin = 8; // pixels

interface Hover {
  mark: HTMLElement;
  content: ComponentChildren;
}

const hover = signal<Hover | null>(null);
let timer = 0;

export function showHover(mark: HTMLElement, content: ComponentChildren, atOnce = false) {
  clearTimeout(timer);
  const show = () => (hover.value = { mark, content });
  if (atOnce || hover.peek()) show();
  else timer = window.setTimeout(show, kShow_ms);
}

export function hideHover(atOnce = false) {
  clearTimeout(timer);
  if (atOnce) hover.value = null;
  else timer = window.setTimeout(() => (hover.value = null), kHide_ms);
}

function place(card: HTMLElement, mark: HTMLElement) {
  const anchor = mark.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = card;
  const left = Math.min(Math.max(kMargin, anchor.left - 24), innerWidth - width - kMargin);
  const above = anchor.top - height - 6;
  card.style.left = `${left}px`;
  card.style.top = `${above < kMargin ? anchor.bottom + 6 : above}px`;
}

export function HoverCard() {
  const card = useRef<HTMLDivElement>(null);
  const shown = hover.value;
  useLayoutEffect(() => {
    if (!shown || !card.current) return;
    card.current.showPopover();
    place(card.current, shown.mark);
    shown.mark.setAttribute('aria-describedby', 'hover-card');
    return () => shown.mark.removeAttribute('aria-describedby');
  }, [shown]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || !hover.peek()) return;
      event.preventDefault();
      hideHover(true);
    };
    const away = () => hideHover(true);
    document.addEventListener('keydown', onKey, { capture: true });
    addEventListener('scroll', away, { capture: true, passive: true });
    return () => {
      document.removeEventListener('keydown', onKey, { capture: true });
      removeEventListener('scroll', away, { capture: true });
      hideHover(true);
    };
  }, []);
  if (!shown) return null;
  return (
    <div
      ref={card}
      id="hover-card"
      class="hover-card"
      role="tooltip"
      popover="manual"
      onPointerEnter={() => clearTimeout(timer)}
      onPointerLeave={() => hideHover()}
    >
      {shown.content}
    </div>
  );
}
