// The page on the real service with a slow model and one that thinks (tests/slow_model.sh): choose it, watch it
// stream, stop it, reload: what came is kept, and the service is free again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, ask, browser, leave, real, setUp, settled, visit } from './browser.mjs';

const models = real ? (await (await fetch(`${real}/api/state`)).json()).models : [];
const skip = models.some((model) => model.id === 'slow') ? false : 'needs tests/slow_model.sh';

setUp(() => null);

const running = async () => {
  const metrics = await (await fetch(`${real}/metrics`)).text();
  return metrics
    .split('\n')
    .filter((line) => /^pioneer_[a-z_]*running/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').pop()), 0);
};

test('a long answer streams, stops, and is there after a reload', { skip }, async () => {
  const page = await visit(browser, real);
  await page.locator('.topbar .model-button').click();
  await page.getByRole('menuitemradio', { name: /slow/ }).click();
  await ask(page, 'Write until you are stopped');
  // Letters only: random tokens hold characters that are not shown.
  const text = async () => (await answers(page).first().locator('.markdown').innerText()).replace(/[^a-z]/gi, '');
  await page.waitForFunction(() => (document.querySelector('.answer .markdown')?.textContent ?? '').length > 40);
  const early = (await text()).length;
  await page.waitForFunction((n) => document.querySelector('.answer .markdown').textContent.length > n, early + 40);
  await page.keyboard.press('Escape');
  await settled(page, 1);
  const stopped = await text();
  assert.ok(stopped.length > early);
  for (let tries = 0; (await running()) > 0; ++tries) assert.ok(tries < 200, 'the answer still runs');

  // The service may have written a little more than had arrived when the page stopped it.
  await page.reload();
  await settled(page, 1);
  const kept = await text();
  assert.ok(kept.startsWith(stopped), `${kept} does not begin with ${stopped}`);
  assert.ok(kept.length < stopped.length + 2000);
  await leave(page);
});

test('thoughts come apart from the answer, are kept, and can be switched off', { skip }, async () => {
  const page = await visit(browser, real);
  const toggle = page.getByRole('button', { name: 'Think', exact: true });
  await page.locator('.topbar .model-button').click();
  await page.getByRole('menuitemradio', { name: /^thinking/ }).click();
  await ask(page, 'Hello');
  await settled(page, 1);
  const head = answers(page).first().locator('.thoughts-head');
  assert.match(await head.innerText(), /^Thought/);
  await page.getByText('The model ended before it answered.').waitFor();
  assert.equal(await answers(page).first().locator('.markdown').count(), 0);

  // What the model can is known now that it has been loaded.
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  await ask(page, 'Who are you?');
  await settled(page, 2);
  assert.equal(await answers(page).nth(1).locator('.thoughts-head').count(), 0);
  assert.ok((await answers(page).nth(1).locator('.markdown').innerText()).length > 0);

  await page.reload();
  await settled(page, 2);
  await head.click();
  await answers(page).first().locator('.thoughts-body .block').first().waitFor();
  assert.ok(!(await page.locator('.messages').innerText()).includes('<think>'));
  await leave(page);
});
