// Talking: type, stream, stop, reload, answer again, edit, branches, Markdown, privacy between visitors.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, ask, browser, composer, leave, questions, real, service, settled, setUp, visit } from './browser.mjs';

setUp();

const onlyMock = real ? { skip: 'needs the mock\'s answers' } : {};

test('a question is answered, and a reload keeps both', async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'Hello! How are you?');
  await settled(page, 1);
  assert.equal(await questions(page).first().locator('.bubble').innerText(), 'Hello! How are you?');
  const answer = (await answers(page).first().locator('.markdown').innerText()).trim();
  assert.ok(answer.length > 0);
  assert.match(await answers(page).first().locator('.numbers').innerText(), /\d+ tokens/);
  assert.match(page.url(), /#\/c\/.+/);
  assert.equal(await composer(page).inputValue(), '');

  await page.reload();
  await settled(page, 1);
  assert.equal((await answers(page).first().locator('.markdown').innerText()).trim(), answer);
  assert.equal(await page.locator('.chat-row.shown').innerText(), 'Hello! How are you?');
  await leave(page);
});

test('a second visitor sees nothing of the first', async () => {
  const first = await visit(browser, service.url);
  await ask(first, 'A secret between us');
  await settled(first, 1);
  const hash = new URL(first.url()).hash;

  const second = await visit(browser, service.url, { hash });
  await second.getByText('This chat does not exist').waitFor();
  assert.equal(await second.locator('.chat-row').count(), 0);
  assert.equal(await second.getByText('A secret between us').count(), 0);
  const status = await second.evaluate(
    async (id) => (await fetch(`/api/chats/${id}`)).status,
    hash.slice('#/c/'.length),
  );
  assert.equal(status, 404);
  await leave(first);
  await leave(second);
});

test('an answer streams, and Escape stops it; what came is kept', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'slow please');
  await page.waitForFunction(() => (document.querySelector('.answer .markdown')?.textContent ?? '').length > 60);
  assert.ok(await page.getByRole('button', { name: 'Stop' }).isVisible());
  await page.keyboard.press('Escape');
  await settled(page, 1);
  assert.match(await answers(page).first().locator('.numbers').innerText(), /Stopped/);
  const kept = await answers(page).first().locator('.markdown').innerText();
  await page.reload();
  await settled(page, 1);
  const stored = await answers(page).first().locator('.markdown').innerText();
  assert.ok(stored.startsWith(kept.slice(0, 40)));
  assert.match(await answers(page).first().locator('.numbers').innerText(), /Stopped/);
  await leave(page);
});

test('the stop button stops, and asking again works at once', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'slow please');
  await page.waitForFunction(() => (document.querySelector('.answer .markdown')?.textContent ?? '').length > 20);
  await page.getByRole('button', { name: 'Stop' }).click();
  await ask(page, 'hello');
  await settled(page, 2);
  await leave(page);
});

test('answering again makes a sibling, and the arrows switch', async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'Hello there');
  await settled(page, 1);
  await answers(page).first().getByRole('button', { name: 'Answer again' }).click();
  await page.getByText('2 / 2').waitFor();
  await settled(page, 1);
  await answers(page).first().getByRole('button', { name: 'Previous version' }).click();
  await page.getByText('1 / 2').waitFor();
  await page.waitForTimeout(300);
  await page.reload();
  await page.getByText('1 / 2').waitFor();
  await leave(page);
});

test('editing a question keeps the old one beside it', async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'First wording');
  await settled(page, 1);
  await composer(page).press('ArrowUp');
  const box = page.getByRole('textbox', { name: 'Edit your message' });
  await box.fill('Second wording');
  await box.press('Enter');
  await page.getByText('2 / 2').waitFor();
  await settled(page, 1);
  assert.equal(await questions(page).first().locator('.bubble').innerText(), 'Second wording');
  await questions(page).first().getByRole('button', { name: 'Previous version' }).click();
  assert.equal(await questions(page).first().locator('.bubble').innerText(), 'First wording');
  assert.equal(await answers(page).count(), 1);

  await questions(page).first().hover();
  await questions(page).first().getByRole('button', { name: 'Edit', exact: true }).click();
  await page.keyboard.press('Escape');
  assert.equal(await questions(page).first().locator('.bubble').innerText(), 'First wording');
  await leave(page);
});

test('Shift+Enter breaks the line and a composition does not send', async () => {
  const page = await visit(browser, service.url);
  await composer(page).fill('one');
  await composer(page).press('Shift+Enter');
  await page.keyboard.type('two');
  assert.equal(await composer(page).inputValue(), 'one\ntwo');
  for (const init of [{ isComposing: true }, { keyCode: 229 }]) {
    await composer(page).evaluate((area, options) => {
      area.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...options }));
    }, init);
  }
  await page.waitForTimeout(200);
  assert.equal(await questions(page).count(), 0);
  assert.equal(await composer(page).inputValue(), 'one\ntwo');
  await page.reload();
  assert.equal(await composer(page).inputValue(), 'one\ntwo', 'a draft outlives a reload');
  await leave(page);
});

test('Markdown, code, formulas and copying', onlyMock, async () => {
  const page = await visit(browser, service.url, { permissions: ['clipboard-read', 'clipboard-write'] });
  await ask(page, 'markdown please');
  await settled(page, 1);
  await page.locator('.hljs-keyword').first().waitFor();
  await page.locator('math').first().waitFor();
  assert.equal(await page.locator('math').count(), 4);
  assert.equal(await page.locator('.answer table').count(), 1);
  assert.equal(await page.locator('.answer img').count(), 0);
  await page.locator('.copy-code').click();
  await page.getByRole('button', { name: 'Copy code' }).getByText('Copied').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^def merge_sort/);
  await answers(page).getByRole('button', { name: 'Copy', exact: true }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('## Sorting'));
  await leave(page);
});

test('the view follows the answer until the reader scrolls up', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'long and steady');
  const distance = () => page.locator('.thread').evaluate((view) => view.scrollHeight - view.scrollTop - view.clientHeight);
  await page.waitForFunction(() => document.querySelector('.thread').scrollHeight > 1400);
  assert.ok((await distance()) < 80);
  await page.locator('.thread').hover();
  await page.mouse.wheel(0, -500);
  const jump = page.getByRole('button', { name: 'Jump to latest' });
  await jump.waitFor();
  const before = await page.locator('.thread').evaluate((view) => view.scrollTop);
  await page.waitForTimeout(700);
  assert.ok(Math.abs((await page.locator('.thread').evaluate((view) => view.scrollTop)) - before) < 5);
  await jump.click();
  await jump.waitFor({ state: 'detached' });
  await page.waitForTimeout(600);
  assert.ok((await distance()) < 80);
  await leave(page);
});

test('a chat in the background goes on', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'slow one');
  await page.waitForFunction(() => (document.querySelector('.answer .markdown')?.textContent ?? '').length > 20);
  const length = (await answers(page).innerText()).length;
  await page.keyboard.press('Control+Shift+O');
  await page.getByText('What’s on your mind?').waitFor();
  await page.waitForTimeout(500);
  await page.goBack();
  await page.waitForFunction((was) => (document.querySelector('.answer')?.textContent ?? '').length > was + 50, length);
  await page.keyboard.press('Escape');
  await settled(page, 1);
  await leave(page);
});

test('settings and model belong to the chat', async () => {
  const page = await visit(browser, service.url);
  await page.getByRole('button', { name: 'Chat settings' }).click();
  await page.getByLabel('System prompt').fill('Be brief.');
  await page.getByLabel('Longest answer').fill('33');
  await page.getByRole('slider', { name: /Temperature/ }).fill('0.3');
  await page.getByRole('button', { name: 'Save' }).click();
  await ask(page, 'Hello');
  await settled(page, 1);
  await page.reload();
  await settled(page, 1);
  await page.getByRole('button', { name: /Chat settings/ }).click();
  assert.equal(await page.getByLabel('System prompt').inputValue(), 'Be brief.');
  assert.equal(await page.getByLabel('Longest answer').inputValue(), '33');
  assert.equal(await page.getByRole('slider', { name: /Temperature/ }).inputValue(), '0.3');
  await leave(page);
});
