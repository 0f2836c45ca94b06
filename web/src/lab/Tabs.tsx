// What else is known of a run: what it wrote at its checkpoints, its recipe, and the data that went in.
import { CopyButton } from '../components/CopyButton';
import type { Count, DataSource } from './api';
import { details, open, shown } from './state';
import { bytes, l, short, whole } from './texts';

export function Samples() {
  const names = shown.value.filter((name) => open.value[name]?.samples.length);
  if (!names.length) return <p class="lab-note">{l('noSamples')}</p>;
  return (
    <div class="sample-columns">
      {names.map((name) => (
        <section key={name} aria-label={name}>
          <h3 class={shown.value.length > 1 ? '' : 'visually-hidden'}>{name}</h3>
          <ol class="samples">
            {open.value[name]!.samples.toReversed().map((step) => (
              <li key={step.step}>
                <h4>{l('atStep', { n: whole(step.step) })}</h4>
                {step.samples.map(({ prompt, text }) => (
                  <p key={prompt} class="sample" lang="">
                    <b>{prompt}</b>
                    {text}
                  </p>
                ))}
              </li>
            ))}
          </ol>
        </section>
      ))}
    </div>
  );
}

export function Recipe() {
  const run = details.value;
  if (!run) return null;
  const text = JSON.stringify(run.recipe_json, null, 2);
  return (
    <>
      <dl class="facts">
        <dt>{l('folder')}</dt>
        <dd>
          <code>{run.folder}</code>
        </dd>
      </dl>
      <div class="code-box">
        <CopyButton text={() => text} />
        <pre tabIndex={0} role="region" aria-label={l('recipe')}>
          {text}
        </pre>
      </div>
      {run.output && (
        <details class="as-table" open={run.state === 'failed'}>
          <summary>{l('output')}</summary>
          <pre tabIndex={0} role="region" aria-label={l('output')}>
            {run.output}
          </pre>
        </details>
      )}
    </>
  );
}

const count = (value?: Count) => (value ? whole(value.documents) : '–');

function SourceRow({ source }: { source: DataSource }) {
  const dropped = Object.entries(source.dropped ?? {}).filter(([, { documents }]) => documents > 0);
  const languages = Object.entries(source.languages ?? {}).filter(([, { documents }]) => documents > 0);
  return (
    <tr>
      <th scope="row">
        {source.name}
        {source.package_version && <small> {source.package_version}</small>}
      </th>
      <td>{count(source.in)}</td>
      <td>
        {whole(dropped.reduce((sum, [, { documents }]) => sum + documents, 0))}
        <small>{dropped.map(([why, { documents }]) => ` ${why.replaceAll('_', ' ')} ${whole(documents)}`).join(',')}</small>
      </td>
      <td>{count(source.train)}</td>
      <td>{count(source.held_out)}</td>
      <td>{source.train ? bytes(source.train.bytes) : '–'}</td>
      <td>{languages.map(([name]) => name).join(', ')}</td>
    </tr>
  );
}

export function Data() {
  const data = details.value?.data;
  if (!data) return <p class="lab-note">{l('noData')}</p>;
  return (
    <>
      <dl class="facts">
        <dt>{l('lineage')}</dt>
        <dd>
          <code class="hash">{data.lineage}</code>
        </dd>
        {data.tokens && (
          <>
            <dt>{l('tokens')}</dt>
            <dd>{l('tokensTrain', { n: short(data.tokens.train), m: short(data.tokens.held_out) })}</dd>
          </>
        )}
      </dl>
      <div class="table-scroll" tabIndex={0} role="region" aria-label={l('data')}>
        <table class="numbers-table">
          <thead>
            <tr>
              <th scope="col">{l('source')}</th>
              <th scope="col">{l('documents')}</th>
              <th scope="col">{l('dropped')}</th>
              <th scope="col">{l('training')}</th>
              <th scope="col">{l('heldOut')}</th>
              <th scope="col">{l('size')}</th>
              <th scope="col">{l('languages')}</th>
            </tr>
          </thead>
          <tbody>
            {data.sources.map((source, at) => (
              <SourceRow key={at} source={source} />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
