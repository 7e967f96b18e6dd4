// sinon and proxyquire: the class is stubbed, its methods are stubbed, and the package is replaced for one module.
'use strict';

const assert = require('node:assert/strict');
const { RTMClient } = require('@slack/rtm-api');
const proxyquire = require('proxyquire');
const sinon = require('sinon');

(async () => {
  const stub = sinon.createStubInstance(RTMClient);
  stub.sendMessage.resolves({ ok: true });
  assert.ok(stub instanceof RTMClient);
  assert.deepEqual(await stub.sendMessage('x', 'C1'), { ok: true });
  sinon.assert.calledOnceWithExactly(stub.sendMessage, 'x', 'C1');

  sinon.stub(RTMClient.prototype, 'start').resolves({ ok: true });
  sinon.stub(RTMClient.prototype, 'sendMessage').resolves({ ok: true });
  const rtm = await require('./bot.js').startBot('xoxb-1');
  rtm.emit('message', { text: 'ping', channel: 'C1' });
  sinon.assert.calledOnceWithExactly(rtm.sendMessage, 'pong', 'C1');
  sinon.restore();

  const Fake = sinon.stub().returns({ on: sinon.spy(), start: sinon.stub().resolves() });
  const { startBot } = proxyquire('./bot.js', { '@slack/rtm-api': { RTMClient: Fake } });
  const fake = await startBot('xoxb-2');
  sinon.assert.calledWithNew(Fake);
  sinon.assert.calledOnce(fake.start);

  const Subclass = class extends RTMClient {};
  const { startBot: startOther } = proxyquire('./bot.js', { '@slack/rtm-api': { RTMClient: Subclass } });
  sinon.stub(Subclass.prototype, 'start').resolves();
  assert.ok((await startOther('xoxb-3')) instanceof Subclass);
  console.log('> stubbed');
})();
