import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { freePort } from '../../../test/support/free-port.ts';
import { startHookServer } from '../../../test/support/hook-server.ts';
import { startMailServer } from '../../../test/support/mail-server.ts';
import { systemClock } from '../../base/clock.ts';
import type { Message } from './message.ts';
import { createNtfyChannel, topicOf } from './ntfy-channel.ts';
import { createSmtpChannel } from './smtp-channel.ts';
import { parseTemplate } from './template.ts';
import { createWebhookChannel } from './webhook-channel.ts';

/** Far more than anything here takes. */
const DEADLINE_MS = 60_000;
const basics = { name: 'phone', clock: systemClock, version: '1.2.3' };

const MESSAGE: Message = {
  id: 'abcdefghijklmnopqrstuvwxyz',
  at: Date.UTC(2026, 0, 15, 16, 9, 35),
  gateway: 'greenhouse',
  subject: '[greenhouse] CRITICAL: übervoll',
  text: 'critical  TKT-1 (since 2026-01-15 16:09): übervoll\n.\nend',
  severity: 'critical',
  over: false,
  tickets: [],
  more: 0,
};

it('a webhook is sent its JSON, the token, and the same key each time', async () => {
  const hook = await startHookServer();
  const template = parseTemplate('{"content": "{{subject}}"}');
  const channel = createWebhookChannel({
    ...basics,
    url: `${hook.url}/secret-path`,
    token: 'sesame',
    template,
  });

  const outcomes = [await channel.send(MESSAGE, DEADLINE_MS), await channel.send(MESSAGE, DEADLINE_MS)];

  expect(outcomes).toEqual(Array(2).fill({ kind: 'sent', said: 'HTTP 200' }));
  expect(hook.posted.map(({ path, body }) => [path, body])).toEqual(
    Array(2).fill(['/secret-path', { content: MESSAGE.subject }]),
  );
  for (const { headers } of hook.posted)
    expect(headers).toMatchObject({ 'idempotency-key': MESSAGE.id, authorization: 'Bearer sesame' });
  expect(channel.to).toBe(hook.url);
});

it('ntfy is sent the topic, words in any language, and a priority that rings for what is critical alone', async () => {
  const hook = await startHookServer();
  const channel = createNtfyChannel({ ...basics, url: `${hook.url}/alerts_4711` });

  await channel.send({ ...MESSAGE, text: 'ü'.repeat(5_000) }, DEADLINE_MS);
  await channel.send({ ...MESSAGE, over: true }, DEADLINE_MS);

  expect(hook.posted).toMatchObject([
    {
      path: '/',
      body: { topic: 'alerts_4711', title: MESSAGE.subject, priority: 5, sequence_id: MESSAGE.id },
    },
    { path: '/', body: { priority: 2, tags: ['white_check_mark'] } },
  ]);
  const message = (hook.posted[0]?.body as { message: string } | undefined)?.message ?? '';
  expect(Buffer.byteLength(message)).toBeLessThanOrEqual(3_900);
  expect(message).toMatch(/^ü+…$/);
});

it.each([
  ['https://ntfy.sh/alerts', 'alerts'],
  ['https://home.test/ntfy/alerts/', 'alerts'],
  ['https://ntfy.sh/', undefined],
  ['https://ntfy.sh/a b', undefined],
])('the topic of %s is %s', (url, topic) => {
  expect(topicOf(url)).toBe(topic);
});

it.each([
  [
    { status: 429, headers: { 'retry-after': '120' } },
    { reason: 'HTTP 429', retryAfterMs: 120_000 },
  ],
  [{ status: 503, body: 'over capacity' }, { reason: 'HTTP 503: over capacity' }],
  [{ status: 413, body: '{"error":"too long"}' }, { verdict: true }],
  [{ status: 401 }, { reason: expect.stringContaining('token_file') }],
  [{ status: 404 }, { reason: expect.stringContaining('is the url right') }],
  [
    { status: 302, headers: { location: 'http://elsewhere.test' } },
    { reason: expect.stringContaining('not followed') },
  ],
])('an answer %j is a failure that says what to do', async (answer, expected) => {
  const hook = await startHookServer();
  hook.script(answer);

  const outcome = await createWebhookChannel({ ...basics, url: hook.url }).send(MESSAGE, DEADLINE_MS);

  expect(outcome).toMatchObject({ kind: 'failed', ...expected });
});

it('what a server repeats of a secret is not said, in one line, at most 200 characters long', async () => {
  const hook = await startHookServer();
  hook.script({
    status: 500,
    body: `you sent Bearer sesame-1234\n to /T000/hook-secret ${'x'.repeat(1_000)}`,
  });
  const url = `${hook.url}/T000/hook-secret`;

  const outcome = await createWebhookChannel({ ...basics, url, token: 'sesame-1234' }).send(
    MESSAGE,
    DEADLINE_MS,
  );

  const { reason } = outcome as { reason: string };
  expect(reason).not.toMatch(/sesame|hook-secret|\n/);
  expect(reason.length).toBeLessThanOrEqual(220);
});

it('who never answers costs the deadline, and who hangs up or is not there is said in words', async () => {
  const hook = await startHookServer();
  const channel = createWebhookChannel({ ...basics, url: hook.url });
  const nowhere = createWebhookChannel({ ...basics, url: `http://127.0.0.1:${await freePort()}` });

  hook.script('silent');
  const late = await channel.send(MESSAGE, 100);
  hook.script('hangs up');
  const cut = await channel.send(MESSAGE, DEADLINE_MS);
  const refused = await nowhere.send(MESSAGE, DEADLINE_MS);

  expect(late).toEqual({ kind: 'failed', reason: 'no answer within 0.1 s' });
  expect(cut).toMatchObject({ reason: expect.stringContaining('closed the connection') });
  expect(refused).toMatchObject({ reason: expect.stringContaining('nothing listens there') });
});

it('a stop ends a try at once, and says nothing about the other side', async () => {
  const hook = await startHookServer();
  hook.script('silent');
  const stopping = new AbortController();

  const sending = createWebhookChannel({ ...basics, url: hook.url }).send(
    MESSAGE,
    DEADLINE_MS,
    stopping.signal,
  );
  stopping.abort();

  expect(await sending).toBeUndefined();
});

const mailBasics = { ...basics, from: 'Greenhouse <pi@home.test>', to: ['one@home.test', 'two@home.test'] };

it('a mail arrives at everybody, readable, with the same Message-ID each time', async () => {
  const server = await startMailServer({ password: { user: 'pi', pass: 'sesame' } });
  const url = `smtp://127.0.0.1:${server.port}`;
  const channel = createSmtpChannel({ ...mailBasics, url, user: 'pi', password: 'sesame' });

  server.script({ as: 'takes, says nothing' });
  const lost = await channel.send(MESSAGE, DEADLINE_MS);
  server.script({ as: 'takes' });
  const sent = await channel.send(MESSAGE, DEADLINE_MS);

  expect(lost).toMatchObject({ kind: 'failed' });
  expect(sent).toEqual({ kind: 'sent', said: '250 2.0.0 queued as 12345' });
  expect(server.mails).toHaveLength(2);
  for (const { from, to, user, data } of server.mails) {
    expect({ from, to, user }).toEqual({ from: 'pi@home.test', to: mailBasics.to, user: 'pi' });
    expect(data).toContain(`Message-ID: <${MESSAGE.id}@home.test>`);
    expect(data).toContain('Auto-Submitted: auto-generated');
    expect(data).toMatch(/^\.$/m);
  }
});

it('a wrong password is said to be one, and is not repeated, whoever repeats it', async () => {
  const server = await startMailServer({ password: { user: 'pi', pass: 'sesame' } });
  const url = `smtp://127.0.0.1:${server.port}`;

  const outcome = await createSmtpChannel({ ...mailBasics, url, user: 'pi', password: 'wrong-one' }).send(
    MESSAGE,
    DEADLINE_MS,
  );

  expect(outcome).toMatchObject({
    reason: expect.stringContaining('does not take the user or the password'),
  });
  expect(JSON.stringify(outcome)).not.toContain('wrong-one');
  expect(server.mails).toEqual([]);
});

it.each([
  ['RCPT', '550 5.1.1 no such user', 'does not take the sender or a recipient', false],
  ['DATA', '554 5.7.1 looks like spam', 'looks like spam', true],
  ['MAIL', '451 try later', 'try later', false],
])('%s answered with "%s" is told', async (verb, answer, why, verdict) => {
  const server = await startMailServer();
  server.script({ as: 'answers', verb, answer });
  const url = `smtp://127.0.0.1:${server.port}`;

  const outcome = await createSmtpChannel({ ...mailBasics, url }).send(MESSAGE, DEADLINE_MS);

  expect(outcome).toMatchObject({ kind: 'failed', reason: expect.stringContaining(why), verdict });
});

it('a mail server that never greets costs the deadline', async () => {
  const server = await startMailServer();
  server.script({ as: 'silent' });

  const outcome = await createSmtpChannel({ ...mailBasics, url: `smtp://127.0.0.1:${server.port}` }).send(
    MESSAGE,
    200,
  );

  expect(outcome).toEqual({ kind: 'failed', reason: 'no answer within 0.2 s' });
});

const fixture = (name: string) => readFileSync(`test/fixtures/loopback-tls/${name}`, 'utf8');
const TLS = { key: fixture('key.pem'), cert: fixture('cert.pem') };

it('a mail goes encrypted where that is offered, to a server whose authority is named', async () => {
  const server = await startMailServer({ tls: TLS });
  const url = `smtp://127.0.0.1:${server.port}`;

  const trusted = await createSmtpChannel({ ...mailBasics, url, ca: TLS.cert }).send(MESSAGE, DEADLINE_MS);
  const stranger = await createSmtpChannel({ ...mailBasics, url }).send(MESSAGE, DEADLINE_MS);

  expect(trusted).toMatchObject({ kind: 'sent' });
  expect(server.mails.map(({ encrypted }) => encrypted)).toEqual([true]);
  expect(stranger).toMatchObject({ kind: 'failed', reason: expect.stringContaining('certificate') });
});
