// The lab on the real service: begin a training, watch its curve grow, stop it, resume it, compare two runs.
// PIONEER_PICTURES=FOLDER keeps pictures of it.
import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { browser, kPhone, leave, real, setUp, visit } from './browser.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const pictures = process.env.PIONEER_PICTURES ?? '';
const skip = real ? false : 'needs the service';
const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const folder = await mkdtemp(join(tmpdir(), 'pioneer-lab-'));
const kTimeout = { timeout: 60_000 };

setUp(() => null);
after(async () => {
  if (!real) return rm(folder, { recursive: true, force: true });
  // A training outlives the service: none may outlive its test.
  for (const { name, state } of (await ask('')).runs) {
    if (state !== 'running') continue;
    await ask(`/${name}/stop`, {});
    await untilState(name, 'stopped');
  }
  await rm(folder, { recursive: true, force: true });
});

async function recipe(name, steps, seed) {
  const path = join(folder, `${name}.json`);
  await writeFile(path, JSON.stringify({
    seed,
    tokenizer: { file: join(root, 'models/pioneer-small.gguf') },
    model: { d_model: 32, n_layers: 1, n_heads: 2, d_ff: 64, context: 32 },
    optimizer: { kind: 'muon' },
    validation: { every_steps: 20, sequences: 8 },
    stages: [{ name: 'docs', sources: [{ path: join(root, 'docs') }], steps, batch_tokens: 256 }],
  }));
  return path;
}

const ask = async (path, body) => {
  const options = body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const answer = await fetch(`${real}/api/lab/runs${path}`, options);
  return { status: answer.status, ...(await answer.json()) };
};

async function untilState(name, state) {
  for (let tries = 0; tries < 600; ++tries) {
    const run = await ask(`/${name}`);
    if (run.state === state) return run;
    assert.notEqual(run.state, 'failed', run.note + run.output);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.fail(`${name} never was ${state}`);
}

async function axe(page, state) {
  await page.waitForFunction(() => document.getAnimations().every((animation) => animation.effect?.getTiming().iterations === Infinity));
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(' | ')}`), [], state);
}

const picture = async (page, name) => {
  if (pictures) await page.screenshot({ path: join(pictures, `${name}.png`) });
};

const step = (page) => page.locator('.run-numbers dd').first().innerText().then((text) => Number(text.replace(/\D/g, '')));
const untilStep = (page, least) =>
  page.waitForFunction((n) => Number(document.querySelector('.run-numbers dd')?.textContent.replace(/\D/g, '')) >= n, least, kTimeout);
const state = (page, name) => page.locator('.run-head .run-state', { hasText: name }).waitFor(kTimeout);

test('a run from its beginning to its end', { skip }, async () => {
  const page = await visit(browser, real);
  await page.getByRole('link', { name: 'Lab' }).click();
  await page.getByText('No training runs yet').waitFor();
  await page.locator('.command code', { hasText: 'pioneer train RECIPE.toml --run' }).waitFor();
  await axe(page, 'empty');
  await picture(page, 'lab-empty');

  // What cannot begin says why, and nothing is there.
  await page.getByRole('main').getByRole('button', { name: 'New run' }).click();
  await page.getByLabel('Name').fill('first');
  await page.getByLabel('The recipe’s file').fill('/nowhere/recipe.toml');
  await page.getByRole('button', { name: 'Begin' }).click();
  await page.getByText('there is no recipe /nowhere/recipe.toml').waitFor();
  await axe(page, 'new run');
  await page.getByLabel('The recipe’s file').fill(await recipe('first', 100_000, 1));
  await page.getByRole('button', { name: 'Begin' }).click();

  await page.getByRole('heading', { name: 'first', level: 2 }).waitFor();
  await state(page, 'Running');
  await page.locator('.chart').first().waitFor(kTimeout);
  const early = await step(page);
  await untilStep(page, early + 200);
  await axe(page, 'running');

  // The same numbers without looking at a picture, and values under the keys.
  await page.getByText('As a table').click();
  assert.ok((await page.locator('.as-table tbody tr').count()) > 5);
  await page.locator('.plot').first().focus();
  await page.keyboard.press('Home');
  const first = await page.locator('.readout').first().innerText();
  for (let key = 0; key < 20; ++key) await page.keyboard.press('ArrowRight');
  assert.notEqual(await page.locator('.readout').first().innerText(), first);

  // A part seen closely, by keys and by dragging, and the whole again.
  await page.keyboard.press('Enter');
  for (let key = 0; key < 8; ++key) await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: 'Whole run' }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Whole run' }).waitFor({ state: 'detached' });
  const box = await page.locator('.plot .u-over').first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 60, { steps: 4 });
  await page.mouse.up();
  await page.getByRole('button', { name: 'Whole run' }).click();
  await page.getByLabel('Log scale').check();
  await page.getByRole('radio', { name: 'Tokens' }).check({ force: true });

  await page.getByRole('button', { name: 'Stop' }).click();
  await axe(page, 'stop?');
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await state(page, 'Stopped');
  const stopped = await untilState('first', 'stopped');
  assert.equal((await ask('/first/stop', {})).status, 400);

  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume' }).click();
  await state(page, 'Running');
  await untilStep(page, stopped.step + 50);
  assert.equal((await ask('/first/resume', {})).status, 400); // it runs
  await page.reload();
  await untilStep(page, stopped.step + 100);
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Stop' }).click();
  await state(page, 'Stopped');
  await leave(page);
});

test('two runs beside one another', { skip }, async () => {
  assert.equal((await ask('', { name: 'second', recipe: await recipe('second', 400, 2) })).status, 202);
  await untilState('second', 'finished');
  const run = await ask('/second');
  assert.match(run.data.lineage, /^[0-9a-f]{64}$/);
  const samples = [200, 300, 400].map((at) => JSON.stringify({ step: at, tokens: at * 256, prompt: 'The lab', text: ` is open (${at}).` }));
  await appendFile(join(run.folder, 'samples.jsonl'), `${samples.join('\n')}\n`);

  const page = await visit(browser, real, { hash: '#/lab', colorScheme: 'dark' });
  await page.getByRole('checkbox', { name: 'Compare second' }).check();
  await page.getByRole('checkbox', { name: 'Compare first' }).check();
  await page.locator('.compared li').nth(1).waitFor();
  await page.waitForFunction(() => document.querySelectorAll('.chart.tall .readout > span').length === 4, null, kTimeout);
  await axe(page, 'compared, dark');
  await picture(page, 'lab-compared-dark');

  await page.locator('.run-list a', { hasText: 'second' }).click();
  await state(page, 'Finished');
  assert.equal(await page.getByRole('button', { name: 'Resume' }).count(), 0);
  await page.getByRole('tab', { name: 'Samples' }).click();
  await page.getByText('The lab is open (400).').waitFor();
  await axe(page, 'samples');
  await page.keyboard.press('ArrowRight');
  await page.locator('pre', { hasText: '"d_model": 32' }).waitFor();
  await axe(page, 'recipe');
  await page.keyboard.press('ArrowRight');
  await page.getByText(run.data.lineage).waitFor();
  await axe(page, 'data');
  await leave(page);

  const light = await visit(browser, real, { hash: '#/lab?run=first' });
  await light.locator('.chart').nth(3).waitFor(kTimeout);
  await axe(light, 'one run, light');
  await picture(light, 'lab');
  await leave(light);

  const phone = await visit(browser, real, { hash: '#/lab?run=second', locale: 'ko-KR', colorScheme: 'dark', viewport: kPhone, isMobile: true, hasTouch: true });
  await phone.getByText('기울기 크기').first().waitFor(kTimeout);
  await axe(phone, 'phone, Korean, dark');
  await picture(phone, 'lab-phone-ko');
  await leave(phone);
  const narrow = await visit(browser, real, { hash: '#/lab', locale: 'ja-JP', viewport: kPhone, isMobile: true, hasTouch: true });
  await narrow.locator('.run-row').nth(1).waitFor();
  await axe(narrow, 'list, phone, Japanese');
  await picture(narrow, 'lab-list-phone-ja');
  await leave(narrow);
});

test('strangers get nothing', { skip }, async () => {
  const status = async (path, options) => (await fetch(`${real}${path}`, options)).status;
  const passedOn = { headers: { 'X-Forwarded-For': '203.0.113.9' } };
  assert.equal(await status('/api/lab/runs'), 200);
  assert.equal(await status('/api/lab/runs', passedOn), 403);
  assert.equal(await status('/api/lab/runs/first', passedOn), 403);
  assert.equal(await status('/api/lab/live?run=first', passedOn), 403);
  for (const name of ['..%2Ffirst', '%2Fetc', '..', 'first%2F..%2Fsecond', '.first']) {
    assert.ok([400, 404].includes(await status(`/api/lab/runs/${name}`)), name);
  }
});
