// A tool that the model called: its name, and its arguments as indented JSON.
import { useId, useState } from 'preact/hooks';
import type { ToolCall } from '../api';
import { indentJson } from '../format';
import { t } from '../i18n';
import { ChevronDownIcon, ToolIcon } from './icons';
import { Markdown } from './Markdown';

/** As a code block; its fence is longer than any run of backticks inside. */
function asMarkdown(json: string): string {
  const longest = Math.max(2, ...(json.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}json\n${json}\n${fence}`;
}

export function ToolCallView({ call, growing }: { call: ToolCall; growing: boolean }) {
  const [open, setOpen] = useState(true);
  const id = useId();
  const json = indentJson(call.arguments);
  if (!growing && (json === '' || json === '{}')) {
    return (
      <section class="tool-call">
        <p class="tool-call-head">
          <ToolIcon />
          <span class="name">{call.name}</span>
          <span class="none">{t('noArguments')}</span>
        </p>
      </section>
    );
  }
  return (
    <section class="tool-call" aria-busy={growing}>
      <button
        type="button"
        class="tool-call-head"
        aria-expanded={open}
        aria-controls={id}
        aria-label={t('calls', { name: call.name })}
        data-fold={growing ? 'live' : 'still'}
        onClick={() => setOpen(!open)}
      >
        <ToolIcon />
        <span class="name">{call.name}</span>
        <ChevronDownIcon />
      </button>
      <div id={id} class="tool-call-body" hidden={!open}>
        {open && json && <Markdown text={asMarkdown(json)} streaming={growing} />}
      </div>
    </section>
  );
}
