// What models think and which tools they call: seen, folded, copied, kept, and never in the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answers, ask, browser, composer, kPhone, leave, real, service, settled, setUp, visit } from './browser.mjs';

setUp();

const onlyMock = real ? { skip: 'needs the mock\'s answers' } : {};
const head = (page) => page.locator('.thoughts-head');
const thread = (page) => page.locator('.thread');
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());
const topOf = (locator) => locator.evaluate((element) => element.getBoundingClientRect().top);

async function chooseThinker(page) {
  await page.locator('.topbar .model-button').click();
  await page.getByRole('menuitemradio', { name: /thinker/ }).click();
}

test('thoughts stand folded above the answer and open by click and key', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ask(page, 'think about it');
  await settled(page, 1);
  assert.match(await head(page).innerText(), /^Thought (briefly|for \d+ s)$/);
  assert.equal(await head(page).getAttribute('aria-expanded'), 'false');
  assert.equal(await page.locator('.answer .markdown').count(), 1);
  assert.match(await page.locator('.answer .markdown').innerText(), /^Hello!/);
  assert.ok(!(await answers(page).innerText()).includes('<think>'));

  await head(page).focus();
  await page.keyboard.press('Enter');
  assert.equal(await head(page).getAttribute('aria-expanded'), 'true');
  const body = page.locator('.thoughts-body');
  await body.locator('ol li').first().waitFor();
  assert.equal(await body.locator('strong').innerText(), 'First');
  assert.equal(await body.getAttribute('id'), await head(page).getAttribute('aria-controls'));
  await page.keyboard.press('Space');
  assert.equal(await head(page).getAttribute('aria-expanded'), 'false');
  assert.equal(await body.isVisible(), false);

  // The copy button copies the answer alone.
  await head(page).click();
  await answers(page).locator('.actions').getByRole('button', { name: 'Copy', exact: true }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('Hello!'));
  assert.ok(!(await clipboard(page)).includes('greeting wants'));

  await page.reload();
  await settled(page, 1);
  assert.equal(await head(page).getAttribute('aria-expanded'), 'false');
  await head(page).click();
  await body.locator('ol li').first().waitFor();
  await leave(page);
});

test('while it thinks, one line tells so; what is opened grows', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'a slow long thought');
  await head(page).getByText('Thinking…').waitFor();
  await page.locator('.glimpse', { hasText: /Step \d+/ }).waitFor();
  await page.locator('.elapsed', { hasText: /^[1-9] s$/ }).waitFor();
  const height = await head(page).evaluate((element) => element.offsetHeight);
  assert.ok(height < 48, `the line is ${height} pixels high`);
  assert.equal(await page.locator('.waiting').count(), 0);

  await head(page).click();
  assert.equal(await page.locator('.glimpse').count(), 0);
  const before = (await page.locator('.thoughts-body').innerText()).length;
  await page.waitForFunction((was) => document.querySelector('.thoughts-body').innerText.length > was + 40, before);

  // Stopped in the midst of it: the thoughts stay, and they survive a reload.
  await page.keyboard.press('Escape');
  await settled(page, 1);
  assert.match(await page.locator('.numbers').innerText(), /Stopped/);
  assert.match(await head(page).innerText(), /^Thought for \d+ s$/);
  await page.reload();
  await settled(page, 1);
  assert.match(await head(page).innerText(), /^Thought for \d+ s$/);
  await leave(page);
});

test('opening and closing thoughts never moves them away', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'long thought, long answer');
  await settled(page, 1);
  await page.locator('.jump').waitFor({ state: 'detached' });
  await thread(page).evaluate((view) => (view.scrollTop = 40));
  const before = await topOf(head(page));
  await head(page).click();
  await page.locator('.thoughts-body .block').first().waitFor();
  await page.waitForTimeout(200);
  assert.ok(Math.abs((await topOf(head(page))) - before) < 2, `from ${before} to ${await topOf(head(page))}`);

  // Far below its beginning the line is still in view, and closing leads back to it.
  await thread(page).evaluate((view) => (view.scrollTop = 1500));
  await page.waitForTimeout(100);
  const sticky = await topOf(head(page));
  assert.ok(sticky > 0 && sticky < 120, `the line is at ${sticky}`);
  await head(page).click();
  await page.waitForTimeout(200);
  const after = await topOf(head(page));
  assert.ok(after > 0 && after < 700, `the line is at ${after}`);
  await leave(page);
});

test('a short thought at the end of the view opens in place', onlyMock, async () => {
  const page = await visit(browser, service.url, { viewport: kPhone });
  for (const at of [1, 2, 3]) {
    await ask(page, `think about ${at}`);
    await settled(page, at);
  }
  const last = head(page).last();
  const before = await topOf(last);
  await last.click();
  await page.locator('.thoughts-body .block').first().waitFor();
  await page.waitForTimeout(200);
  assert.ok(Math.abs((await topOf(last)) - before) < 2);
  await leave(page);
});

test('tool calls are cards with readable arguments', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await ask(page, 'call a tool, and think');
  await settled(page, 1);
  const cards = page.locator('.tool-call');
  assert.equal(await cards.count(), 2);
  const first = cards.first().getByRole('button', { name: 'Calls the tool get_weather' });
  assert.equal(await first.getAttribute('aria-expanded'), 'true');
  const code = await cards.first().locator('pre').innerText();
  assert.equal(code.trim(), JSON.stringify({ city: '서울', days: 3, units: { temperature: 'celsius', wind: null } }, null, 2));
  await cards.first().getByRole('button', { name: 'Copy code' }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith('{\n  "city"'));
  assert.match(await cards.nth(1).innerText(), /now\s+no arguments/);
  await first.click();
  assert.equal(await cards.first().locator('pre').count(), 0);
  // There is no text to copy.
  assert.equal(await answers(page).locator('.actions').getByRole('button', { name: 'Copy', exact: true }).count(), 0);

  await page.reload();
  await settled(page, 1);
  assert.equal(await cards.count(), 2);
  await leave(page);
});

test('a thinking model can be asked not to think, and the choice lasts', onlyMock, async () => {
  const page = await visit(browser, service.url);
  const toggle = page.getByRole('button', { name: 'Think', exact: true });
  assert.equal(await toggle.count(), 0);
  await chooseThinker(page);
  assert.equal(await toggle.getAttribute('aria-pressed'), 'true');
  await toggle.click();
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  await ask(page, 'think?');
  await settled(page, 1);
  assert.equal(await head(page).count(), 0);
  await page.reload();
  await settled(page, 1);
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  assert.equal(await page.getByRole('button', { name: 'Chat settings', exact: true }).count(), 1);

  // On again, in this chat; a new chat begins with the last choice.
  await toggle.click();
  await ask(page, 'think!');
  await settled(page, 2);
  assert.equal(await head(page).count(), 1);
  await toggle.click();
  await page.keyboard.press('Control+Shift+O');
  await page.locator('.welcome').waitFor();
  await chooseThinker(page);
  assert.equal(await toggle.getAttribute('aria-pressed'), 'false');
  await leave(page);
});

test('thoughts without an answer say so, and thoughts can stand open', onlyMock, async () => {
  const page = await visit(browser, service.url);
  await ask(page, 'only think');
  await settled(page, 1);
  await page.getByText('The model ended before it answered.').waitFor();
  await page.getByRole('button', { name: 'Preferences' }).click();
  await page.getByRole('group', { name: 'Thoughts' }).getByText('Open').click();
  await page.keyboard.press('Escape');
  await page.reload();
  await settled(page, 1);
  assert.equal(await head(page).getAttribute('aria-expanded'), 'true');
  await page.locator('.thoughts-body .block').first().waitFor();
  assert.ok(await composer(page).isVisible());
  await leave(page);
});
