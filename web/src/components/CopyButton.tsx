// Copies a text and says so for a moment.
import { useState } from 'preact/hooks';
import { t } from '../i18n';
import { announce } from '../state/ui';
import { CheckIcon, CopyIcon } from './icons';

const kShown_ms = 1600;

/** The clipboard API exists only on https and localhost; elsewhere the old command still works. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement('textarea');
    area.value = text;
    area.style.position = 'fixed';
    document.body.append(area);
    area.select();
    const copied = document.execCommand('copy');
    area.remove();
    return copied;
  }
}

export function CopyButton({ text, label = t('copy') }: { text: () => string; label?: string }) {
  const [copied, setCopied] = useState(false);
  async function copy() {
    if (!(await copyText(text()))) return;
    setCopied(true);
    announce(t('copied'));
    setTimeout(() => setCopied(false), kShown_ms);
  }
  return (
    <button type="button" class="icon-button small" aria-label={label} title={label} onClick={() => void copy()}>
      {copied ? <CheckIcon /> : <CopyIcon />}
    </button>
  );
}
