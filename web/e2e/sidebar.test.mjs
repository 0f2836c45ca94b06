// The side bar and what is around the chat: rename, delete and undo, search, export, language, theme, phone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, browser, composer, kPhone, leave, openMenuOf, service, settled, setUp, visit } from './browser.mjs';

setUp();

const rows = (page) => page.locator('.chat-row');

async function seed(page, titles) {
  for (const title of titles) {
    await ask(page, title);
    await settled(page, 1);
    await page.keyboard.press('Control+Shift+O');
    await page.locator('.welcome').waitFor();
  }
}

test('rename', async () => {
  const page = await visit(browser, service.url);
  await seed(page, ['Hello apple']);
  await openMenuOf(page, rows(page).first());
  await page.getByRole('menuitem', { name: 'Rename' }).click();
  await page.getByRole('textbox', { name: 'Name of the chat' }).fill('사과 이야기');
  await page.keyboard.press('Enter');
  await page.getByRole('link', { name: '사과 이야기' }).waitFor();
  await page.waitForTimeout(200);
  await page.reload();
  await page.getByRole('link', { name: '사과 이야기' }).waitFor();
  await leave(page);
});

test('delete and undo', async () => {
  const page = await visit(browser, service.url);
  await seed(page, ['Hello pear', 'Hello plum']);
  await rows(page).filter({ hasText: 'Hello pear' }).click();
  await settled(page, 1);
  await openMenuOf(page, rows(page).filter({ hasText: 'Hello pear' }));
  await page.getByRole('menuitem', { name: 'Delete' }).click();
  await page.getByText('Deleted “Hello pear”').waitFor();
  assert.equal(await rows(page).count(), 1);
  await page.locator('.welcome').waitFor();
  await page.getByRole('button', { name: 'Undo' }).click();
  await settled(page, 1);
  assert.equal(await rows(page).count(), 2);
  assert.equal(await page.locator('.question .bubble').innerText(), 'Hello pear');
  await leave(page);
});

test('search', async () => {
  const page = await visit(browser, service.url);
  await seed(page, ['Hello harbour', 'Hello mountain']);
  await page.keyboard.press('Control+K');
  await page.keyboard.type('harbour');
  await page.waitForFunction(() => document.querySelectorAll('.chat-row').length === 1);
  await page.getByRole('link', { name: 'Hello harbour' }).waitFor();
  await page.getByRole('textbox', { name: 'Search chats' }).fill('no such thing');
  await page.getByText('Nothing found for “no such thing”.').waitFor();
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => document.querySelectorAll('.chat-row').length === 2);
  await leave(page);
});

test('export', async () => {
  const page = await visit(browser, service.url);
  await seed(page, ['Hello export']);
  await openMenuOf(page, rows(page).first());
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'Export as Markdown' }).click(),
  ]);
  const pieces = [];
  for await (const piece of await download.createReadStream()) pieces.push(piece);
  assert.match(Buffer.concat(pieces).toString(), /Hello export/);
  await leave(page);
});

test('delete everything', async () => {
  const page = await visit(browser, service.url);
  await seed(page, ['Hello one', 'Hello two']);
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByRole('button', { name: 'Delete all my data' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all my data' }).click();
  await page.getByText('All your data is gone.').waitFor();
  assert.equal(await rows(page).count(), 0);
  await page.reload();
  await page.getByText('Your chats will appear here.').waitFor();
  await ask(page, 'Hello again');
  await settled(page, 1);
  await leave(page);
});

test('languages', async () => {
  const page = await visit(browser, service.url);
  const lang = () => page.evaluate(() => document.documentElement.lang);
  assert.equal(await lang(), 'en');
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByText('한국어').click();
  await page.getByRole('heading', { name: '환경설정' }).waitFor();
  assert.equal(await lang(), 'ko');
  await page.getByText('日本語').click();
  await page.getByRole('heading', { name: '環境設定' }).waitFor();
  assert.equal(await lang(), 'ja');
  await page.reload();
  await page.getByRole('button', { name: '環境設定' }).waitFor();
  await leave(page);

  const korean = await visit(browser, service.url, { locale: 'ko-KR' });
  await korean.getByText('무슨 이야기를 해 볼까요?').waitFor();
  await leave(korean);
});

test('light and dark', async () => {
  const page = await visit(browser, service.url, { colorScheme: 'dark' });
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await paper();
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByText('Light', { exact: true }).click();
  const light = await paper();
  assert.notEqual(light, dark);
  await page.reload();
  await composer(page).waitFor();
  assert.equal(await paper(), light);
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByText('Automatic', { exact: true }).first().click();
  assert.equal(await paper(), dark);
  await leave(page);
});

test('a phone', async () => {
  const page = await visit(browser, service.url, { viewport: kPhone, hasTouch: true, isMobile: true });
  await composer(page).fill('Hello from a phone');
  await page.getByRole('button', { name: 'Send' }).tap();
  await settled(page, 1);
  const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok((await overflow()) <= 0);
  assert.ok((await composer(page).evaluate((area) => parseFloat(getComputedStyle(area).fontSize))) >= 16);
  await page.getByRole('button', { name: 'Open side bar' }).tap();
  await page.getByRole('link', { name: 'Hello from a phone' }).waitFor();
  assert.ok((await overflow()) <= 0);
  await page.locator('.sidebar').getByRole('button', { name: 'New chat' }).tap();
  await page.locator('.welcome').waitFor();
  assert.equal(await page.locator('.sidebar').evaluate((bar) => bar.inert), true);
  await page.getByRole('button', { name: 'Open side bar' }).tap();
  await page.touchscreen.tap(kPhone.width - 10, kPhone.height / 2);
  await page.waitForFunction(() => document.querySelector('.sidebar').inert);
  await leave(page);
});
