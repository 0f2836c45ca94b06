// A button that opens a menu, operable with pointer and keyboard (WAI-ARIA menu button pattern). The menu
// is a native popover: above everything, closed by Escape or a press elsewhere.
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { CheckIcon } from './icons';

export interface MenuItem {
  label: string;
  hint?: string;
  icon?: ComponentChildren;
  danger?: boolean;
  /** Present on items of which one is chosen, or several where each is a switch of its own. */
  checked?: boolean;
  isSwitch?: boolean;
  /** A download instead of an action. */
  href?: string;
  run?: () => void;
}

interface Props {
  label: string;
  buttonClass: string;
  button: ComponentChildren;
  items: MenuItem[];
  align?: 'start' | 'end';
}

const kMargin = 8; // pixels

function place(menu: HTMLElement, button: HTMLElement, align: 'start' | 'end') {
  const anchor = button.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const wanted = align === 'start' ? anchor.left : anchor.right - width;
  const left = Math.min(Math.max(kMargin, wanted), innerWidth - width - kMargin);
  const below = anchor.bottom + 6;
  const top = below + height + kMargin > innerHeight ? Math.max(kMargin, anchor.top - height - 6) : below;
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
}

export function Menu({ label, buttonClass, button, items, align = 'start' }: Props) {
  const id = useId();
  const [open, setOpen] = useState(false);
  const buttonRef = useRef<HTMLButtonElement>(null);
  const menuRef = useRef<HTMLDivElement>(null);

  const entries = () => [...menuRef.current!.querySelectorAll<HTMLElement>('[role^=menuitem]')];

  function show(focusLast = false) {
    const menu = menuRef.current!;
    menu.showPopover();
    place(menu, buttonRef.current!, align);
    const checked = menu.querySelector<HTMLElement>('[aria-checked=true]');
    (checked ?? entries().at(focusLast ? -1 : 0))?.focus();
  }

  function hide() {
    menuRef.current?.hidePopover();
    buttonRef.current?.focus();
  }

  function onMenuKey(event: KeyboardEvent) {
    const all = entries();
    const at = all.indexOf(document.activeElement as HTMLElement);
    let to = -1;
    if (event.key === 'ArrowDown') to = (at + 1) % all.length;
    else if (event.key === 'ArrowUp') to = (at - 1 + all.length) % all.length;
    else if (event.key === 'Home') to = 0;
    else if (event.key === 'End') to = all.length - 1;
    else if (event.key === 'Tab') return menuRef.current!.hidePopover();
    else if (event.key === 'Escape') {
      event.stopPropagation();
      event.preventDefault();
      return hide();
    } else if (event.key.length === 1 && /\S/.test(event.key)) {
      const rest = [...all.slice(at + 1), ...all.slice(0, at + 1)];
      const found = rest.find((entry) => entry.textContent?.toLowerCase().startsWith(event.key.toLowerCase()));
      to = found ? all.indexOf(found) : -1;
    }
    if (to < 0) return;
    event.preventDefault();
    all[to]?.focus();
  }

  function onButtonKey(event: KeyboardEvent) {
    if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
    event.preventDefault();
    show(event.key === 'ArrowUp');
  }

  return (
    <>
      <button
        ref={buttonRef}
        type="button"
        class={buttonClass}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => (open ? hide() : show())}
        onKeyDown={onButtonKey}
      >
        {button}
      </button>
      <div
        ref={menuRef}
        id={id}
        class="menu"
        role="menu"
        aria-label={label}
        popover="auto"
        onKeyDown={onMenuKey}
        onToggle={(event: Event) => setOpen((event as ToggleEvent).newState === 'open')}
      >
        {items.map((item) => (
          <Entry key={item.label} item={item} hide={hide} />
        ))}
      </div>
    </>
  );
}

function Entry({ item, hide }: { item: MenuItem; hide: () => void }) {
  const body = (
    <>
      {item.icon}
      <span class="menu-text">
        {item.label}
        {item.hint && <small>{item.hint}</small>}
      </span>
      {item.checked && <CheckIcon />}
    </>
  );
  const shared = { class: `menu-item${item.danger ? ' danger' : ''}`, tabIndex: -1 };
  if (item.href !== undefined) {
    return (
      <a {...shared} role="menuitem" href={item.href} download onClick={hide}>
        {body}
      </a>
    );
  }
  const checked = item.checked === undefined ? {} : { 'aria-checked': item.checked };
  return (
    <button
      {...shared}
      {...checked}
      type="button"
      role={item.checked === undefined ? 'menuitem' : item.isSwitch ? 'menuitemcheckbox' : 'menuitemradio'}
      onClick={() => {
        if (!item.isSwitch) hide();
        item.run?.();
      }}
    >
      {body}
    </button>
  );
}
