// A Web API server that records the requests with their bytes, for the tests of `apiCall`.
//
//   const { api, rtm } = await clientWith(t, options);  // the server, and a client of it
//   api.responses.push(respondWith(503));               // the next response; without one, it is `{"ok":true}`
//   api.requests; api.connections;                      // all of them
//   await api.requested(2);                             // waits until two requests have arrived
'use strict';

const http = require('node:http');
const { atEnd } = require('./cleanup.js');
const { better, clientOf } = require('./client.js');

/** A test of `apiCall`, which `@slack/rtm-api` does not have. */
const testApiCall = better.bind(undefined, 'it has no apiCall');

const ONCE = { retryConfig: { retries: 0 } };

async function webApiServer(t) {
  const server = http.createServer();
  const api = { token: 'xoxb-scripted', requests: [], responses: [], connections: [] };
  const arrivals = [];
  server.on('connection', (socket) => api.connections.push(socket));
  server.on('request', async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const { url, headers } = request;
    const one = { url, headers, body: Buffer.concat(chunks), request, response };
    api.requests.push(one);
    const respond = api.responses.shift() ?? ((request, response) => response.end('{"ok":true}'));
    respond(request, response, one);
    arrivals.splice(0).forEach((arrived) => arrived());
  });
  /** Resolves with the last of `count` requests when they have arrived. */
  api.requested = async (count) => {
    while (api.requests.length < count) await new Promise((resolve) => arrivals.push(resolve));
    return api.requests[count - 1];
  };
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  api.apiUrl = `http://127.0.0.1:${server.address().port}/api/`;
  atEnd(t, () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return api;
}

async function clientWith(t, options) {
  const api = await webApiServer(t);
  return { api, rtm: clientOf(t, api, options) };
}

const respondWith = (status, headers, body) => (request, response) => response.writeHead(status, headers).end(body);
/** Responds with this JSON object; `ok` is true by default. */
const respondJson = (fields) => (request, response) => response.end(JSON.stringify({ ok: true, ...fields }));

/** The fields of a request's urlencoded form. */
const fieldsOf = ({ body }) => [...new URLSearchParams(body.toString('latin1'))];

module.exports = { ONCE, clientWith, fieldsOf, respondJson, respondWith, testApiCall, webApiServer };
