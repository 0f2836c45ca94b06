// One source of the library: what it is, how its reading stands, what could not be read.
import { useEffect, useState } from 'preact/hooks';
import { FeedIcon, FolderIcon, MoreIcon, PageIcon, RefreshIcon, SiteIcon, StopIcon, TrashIcon } from '../components/icons';
import { Menu, type MenuItem } from '../components/Menu';
import { ago, bytes, short, whole } from '../i18n/numbers';
import { searchApi, type Failure, type Job, type Source, type SourceKind } from './api';
import { failureOf, reportProblem } from './failures';
import { addressOf } from './places';
import { isAdministrator, refreshLibrary, speeds } from './state';
import { l, line } from './texts';

const kFailuresShown = 100;
const kHour_s = 3600;

const icons: Record<SourceKind, () => preact.JSX.Element> = { files: FolderIcon, site: SiteIcon, feed: FeedIcon, page: PageIcon };

const isBusy = (job: Job | null) => job?.state === 'running' || job?.state === 'waiting';

function StateBadge({ source }: { source: Source }) {
  const state = source.job?.state ?? (source.synced_at ? 'done' : 'never');
  return (
    <span class={`job-state ${state}`}>
      <i aria-hidden="true" />
      {l(state)}
    </span>
  );
}

function Progress({ source, job }: { source: Source; job: Job }) {
  const speed = speeds.get(source.id)?.speed;
  const known = job.items_total > 0;
  const facts = [known ? l('progressOf', { done: whole(job.items_done), total: whole(job.items_total) }) : ''];
  if (speed) {
    facts.push(l('itemsPerSecond', { n: short(speed.itemsPerSecond, speed.itemsPerSecond < 10 ? 2 : 3) }));
    if (speed.bytesPerSecond > 0) facts.push(l('bytesPerSecond', { size: bytes(speed.bytesPerSecond) }));
  }
  if (job.bytes_read > 0) facts.push(bytes(job.bytes_read));
  return (
    <div class="source-progress">
      <div
        class={`progress-bar${known ? '' : ' unknown'}`}
        role="progressbar"
        aria-label={l('progress', { name: source.name })}
        {...(known ? { 'aria-valuemin': 0, 'aria-valuemax': job.items_total, 'aria-valuenow': job.items_done } : {})}
      >
        <span style={known ? { width: `${Math.min(100, (job.items_done / job.items_total) * 100)}%` } : {}} />
      </div>
      <p class="source-facts">{line(facts)}</p>
    </div>
  );
}

function Failures({ source }: { source: Source }) {
  const [open, setOpen] = useState(false);
  const [list, setList] = useState<Failure[] | null>(null);
  useEffect(() => {
    if (!open) return;
    searchApi.failures(source.id, kFailuresShown).then(({ failures }) => setList(failures), reportProblem);
  }, [open, source.failures]);
  const title = source.failures === 1 ? l('failuresOne') : l('failures', { n: whole(source.failures) });
  if (!isAdministrator.value) return <p class="failures-title">{title}</p>;
  return (
    <details class="failures" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary class="failures-title">{title}</summary>
      {list && (
        <>
          <ul>
            {list.map(({ uri, code, message }) => (
              <li key={uri}>
                <code>{addressOf(uri)}</code>
                <span>{failureOf(code, message)}</span>
              </li>
            ))}
          </ul>
          {list.length < source.failures && <p class="source-facts">{l('moreFailures', { n: whole(list.length) })}</p>}
        </>
      )}
    </details>
  );
}

function rhythm({ kind, sync_every_seconds: seconds }: Source): string {
  if (kind === 'files' && !seconds) return l('watched');
  if (!seconds) return '';
  return seconds === 24 * kHour_s ? l('everyDay') : l('everyHours', { n: short(seconds / kHour_s, 2) });
}

function History({ source }: { source: Source }) {
  const { job } = source;
  const facts = [l('nDocuments', { n: whole(source.documents) }), l('nPassages', { n: short(source.passages) }), bytes(source.text_bytes)];
  const past = [source.synced_at ? l('lastRead', { when: ago(source.synced_at) }) : '', rhythm(source)];
  if (job?.state === 'done' && job.added + job.changed + job.removed > 0) {
    past.push(l('changes', { added: whole(job.added), changed: whole(job.changed), removed: whole(job.removed) }));
  }
  return (
    <>
      <p class="source-facts">{line(facts)}</p>
      <p class="source-facts">{line(past)}</p>
    </>
  );
}

function Actions({ source, remove }: { source: Source; remove: () => void }) {
  const run = (asked: Promise<unknown>) => asked.then(refreshLibrary, reportProblem);
  const again: MenuItem = { label: l('sync'), icon: <RefreshIcon />, run: () => void run(searchApi.sync(source.id)) };
  const stop: MenuItem = { label: l('stop'), icon: <StopIcon />, run: () => void run(searchApi.stop(source.id)) };
  return (
    <Menu
      label={l('actionsFor', { name: source.name })}
      buttonClass="icon-button small"
      button={<MoreIcon />}
      align="end"
      items={[isBusy(source.job) ? stop : again, { label: l('remove'), icon: <TrashIcon />, danger: true, run: remove }]}
    />
  );
}

export function SourceRow({ source, remove }: { source: Source; remove: () => void }) {
  const { job } = source;
  const Icon = icons[source.kind];
  return (
    <li class="source-row">
      <span class="source-kind" title={l(`kind_${source.kind}`)}>
        <Icon />
        <span class="visually-hidden">{l(`kind_${source.kind}`)}</span>
      </span>
      <div class="source-about">
        <h2 dir="auto">{source.name}</h2>
        {source.location !== null && source.location !== source.name && <p class="source-location">{source.location}</p>}
      </div>
      <StateBadge source={source} />
      {isAdministrator.value && <Actions source={source} remove={remove} />}
      <div class="source-detail">
        {job && isBusy(job) && <Progress source={source} job={job} />}
        <History source={source} />
        {isAdministrator.value && job?.state === 'failed' && job.error && <p class="source-error">{failureOf(job.error_code, job.error)}</p>}
        {source.failures > 0 && <Failures source={source} />}
      </div>
    </li>
  );
}
