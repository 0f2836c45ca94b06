// When things go wrong: the service is away, restarts, refuses, breaks off, or asks for a key.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, ask, browser, composer, leave, questions, real, service, settled, setUp, visit } from './browser.mjs';
import { startMock } from './mock-server.mjs';

setUp(startMock);
const onlyMock = real ? { skip: 'makes the mock fail' } : {};

test('a question asked while the service is away is sent when it is back', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await page.context().setOffline(true);
  await ask(page, 'Are you there?');
  await page.getByText('Pioneer can’t be reached right now').waitFor();
  assert.equal(await page.locator('.question.pending').count(), 1);
  await page.context().setOffline(false);
  await settled(page, 1);
  assert.equal(await questions(page).count(), 1);
  assert.equal(await page.getByText('can’t be reached').count(), 0);
  await leave(page);
});

test('giving up while the service is away returns the text', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await page.context().setOffline(true);
  await ask(page, 'Never mind');
  await page.getByText('Pioneer can’t be reached right now').waitFor();
  await page.getByRole('button', { name: 'Stop' }).click();
  await page.waitForFunction(() => document.querySelector('#message').value === 'Never mind');
  await leave(page);
});

test('an answer cut off by a restart is shown as stopped and can be asked for again', onlyMock, async () => {
  const own = await startMock();
  const page = await visit(browser, own.url);
  await ask(page, 'Hello first');
  await settled(page, 1);
  await page.route('**/generate', async (route) => route.abort('connectionreset'));
  await answers(page).first().getByRole('button', { name: 'Answer again' }).click();
  await page.getByText('can’t be reached').waitFor();
  await page.unroute('**/generate');
  await page.getByText('2 / 2').waitFor();
  await settled(page, 1);
  await leave(page);
  await own.close();
});

test('a refusal is shown in place, and can be tried again or edited', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'please /refuse');
  await page.getByText('The queue is full').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.getByText('The queue is full').waitFor();
  await page.locator('.failure').getByRole('button', { name: 'Edit' }).click();
  assert.equal(await composer(page).inputValue(), 'please /refuse');
  await ask(page, 'please');
  await settled(page, 1);
  await leave(page);
});

test('a failed answer keeps what came and offers another try', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'long /fail');
  await page.getByText('The model ran out of memory.').waitFor();
  assert.match(await answers(page).first().locator('.markdown').innerText(), /Paragraph 1/);
  await answers(page).first().getByRole('button', { name: 'Try again' }).click();
  await page.getByText('2 / 2').waitFor();
  await leave(page);
});

test('the page starts although the service does not answer yet', onlyMock, async () => {
  const own = await startMock();
  const context = await browser.newContext({ locale: 'en-US' });
  const page = await context.newPage();
  let away = true;
  await page.route('**/api/**', (route) => (away ? route.abort('connectionrefused') : route.continue()));
  await page.goto(own.url);
  await page.getByText('can’t be reached').waitFor();
  away = false;
  await page.locator('.model-button').waitFor();
  await context.close();
  await own.close();
});

test('a key is asked for', onlyMock, async () => {
  const own = await startMock({ key: 'sesame' });
  const page = await visit(browser, own.url);
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('API key').fill('wrong');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await page.getByText('That key was not accepted.').waitFor();
  await page.keyboard.press('Escape');
  assert.ok(await dialog.isVisible());
  await dialog.getByLabel('API key').fill('sesame');
  await dialog.getByRole('button', { name: 'Continue' }).click();
  await dialog.waitFor({ state: 'detached' });
  await ask(page, 'Hello');
  await settled(page, 1);
  await leave(page);
  await own.close();
});

test('a long answer stays quick to render', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await page.evaluate(() => {
    globalThis.longest = 0;
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) globalThis.longest = Math.max(globalThis.longest, entry.duration);
    }).observe({ type: 'longtask' });
  });
  await ask(page, 'long');
  await settled(page, 1);
  assert.equal(await page.locator('.answer .block').count(), 120);
  assert.ok((await page.evaluate(() => globalThis.longest)) < 500);
  await leave(page);
});
