// Valid and invalid WebSocket frames as bytes (RFC 6455, section 5.2), and the server's end of a connection that sends them.
//
//   server.refusals.push(rawConnection((connection) => {}));   // a scripted server passes the next upgrade to this function
//   connection.send(text({ type: 'x' }), frame(PING));         // in one write
//   await connection.stream([bytes, more]);                    // in several writes, with backpressure
//   await connection.sendBytewise(bytes);                      // one write for each byte
//   const { opcode, payload } = await connection.next();       // the client's next frame, unmasked; undefined at the end
//   await connection.closeCode;                                // the client's close code; 'empty', or 'none' without a frame
//   await connection.ended;                                    // resolves when the TCP connection is closed
'use strict';

const { createHash } = require('node:crypto');
const { setImmediate: turn } = require('node:timers/promises');

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

/** A length in the fewest bytes, or in `size` bytes (1, 3 or 9). */
function lengthBytes(length, size) {
  const inBytes = size ?? (length < 126 ? 1 : length < 65536 ? 3 : 9);
  const bytes = Buffer.alloc(inBytes);
  if (inBytes === 1) bytes[0] = length;
  else if (inBytes === 3) bytes.writeUInt16BE(length, bytes.writeUInt8(126));
  else bytes.writeBigUInt64BE(BigInt(length), bytes.writeUInt8(127));
  return bytes;
}

/**
 * The header of a frame, without a payload.
 * @param {number} opcode
 * @param {number | bigint} length
 * @param {{ fin?: boolean, rsv?: number, size?: number }} [options] `rsv`: the three reserved bits; `size`: the number of bytes of the length
 */
function header(opcode, length, { fin = true, rsv = 0, size } = {}) {
  return Buffer.concat([Buffer.of((fin ? 0x80 : 0) | (rsv << 4) | opcode), lengthBytes(length, size)]);
}

/**
 * A frame.
 * @param {number} opcode
 * @param {string | Buffer} [payload]
 * @param {{ fin?: boolean, rsv?: number, size?: number, mask?: Buffer }} [options]
 */
function frame(opcode, payload = '', { mask, ...options } = {}) {
  const data = Buffer.from(payload);
  const head = header(opcode, data.length, options);
  if (mask === undefined) return Buffer.concat([head, data]);
  head[1] |= 0x80;
  return Buffer.concat([head, mask, data.map((byte, index) => byte ^ mask[index % 4])]);
}

/** An object as a text frame. */
function text(object) {
  return frame(TEXT, JSON.stringify(object));
}

/** A close frame; without a code, an empty one. */
function close(code, reason = '') {
  if (code === undefined) return frame(CLOSE);
  return frame(CLOSE, Buffer.concat([Buffer.of(code >> 8, code & 0xff), Buffer.from(reason)]));
}

/** A payload as one message of `count` fragments, with `between` between the fragments. */
function fragments(opcode, payload, count, between = Buffer.alloc(0)) {
  const data = Buffer.from(payload);
  const size = Math.ceil(data.length / count);
  const pieces = Array.from({ length: count }, (_, index) => {
    const piece = data.subarray(index * size, (index + 1) * size);
    return frame(index === 0 ? opcode : CONTINUATION, piece, { fin: index === count - 1 });
  });
  return pieces.flatMap((piece) => [piece, between]).slice(0, -1);
}

/** The header lines of a valid upgrade response. */
function upgradeHeaders(request) {
  const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1')
    .update(request.headers['sec-websocket-key'] + guid)
    .digest('base64');
  return ['Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
}

/** A valid upgrade response. */
function upgradeResponse(request, headers = upgradeHeaders(request)) {
  return ['HTTP/1.1 101 Switching Protocols', ...headers, '', ''].join('\r\n');
}

/** The server's end of a connection. */
class RawConnection {
  #bytes = Buffer.alloc(0);
  #frames = [];
  #taken = 0;
  #waiting = [];
  #closed;

  constructor(tcp) {
    this.tcp = tcp;
    tcp.setNoDelay(true);
    tcp.on('error', () => {});
    this.ended = new Promise((resolve) => tcp.on('close', resolve));
    this.ended.then(() => this.#wake());
    /** @type {Promise<number | string>} */
    this.closeCode = new Promise((resolve) => {
      this.#closed = resolve;
      this.ended.then(() => resolve('none'));
    });
    tcp.on('data', (bytes) => this.#read(bytes));
  }

  send(...bytes) {
    return this.tcp.write(Buffer.concat(bytes));
  }

  /** Writes the pieces one after the other, no faster than the client reads them. */
  async stream(pieces) {
    for (const piece of pieces) {
      if (this.tcp.destroyed) return;
      if (this.tcp.write(piece)) continue;
      await Promise.race([new Promise((resolve) => this.tcp.once('drain', resolve)), this.ended]);
    }
  }

  async sendBytewise(bytes) {
    for (const byte of Buffer.from(bytes)) {
      this.tcp.write(Buffer.of(byte));
      await turn();
    }
  }

  async next() {
    while (this.#taken === this.#frames.length) {
      if (this.tcp.destroyed) return undefined;
      await new Promise((resolve) => this.#waiting.push(resolve));
    }
    return this.#frames[this.#taken++];
  }

  #wake() {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  /** Reads the client's frames, which are always masked. */
  #read(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    for (;;) {
      const have = this.#bytes;
      const short = have[1] & 0x7f;
      const at = short < 126 ? 2 : short === 126 ? 4 : 10;
      if (have.length < at + 4) break;
      const length = at === 2 ? short : at === 4 ? have.readUInt16BE(2) : Number(have.readBigUInt64BE(2));
      if (have.length < at + 4 + length) break;
      const mask = have.subarray(at, at + 4);
      const payload = have.subarray(at + 4, at + 4 + length).map((byte, index) => byte ^ mask[index % 4]);
      const opcode = have[0] & 0x0f;
      this.#frames.push({ opcode, payload });
      if (opcode === CLOSE) this.#closed(length >= 2 ? payload.readUInt16BE() : 'empty');
      this.#bytes = have.subarray(at + 4 + length);
    }
    this.#wake();
  }
}

/**
 * For `refusals` of a scripted server: accepts the upgrade and does not send hello.
 * @param {(connection: RawConnection, request: import('node:http').IncomingMessage) => void} use
 */
function rawConnection(use) {
  return (request, tcp) => {
    tcp.write(upgradeResponse(request));
    use(new RawConnection(tcp), request);
  };
}

module.exports = {
  BINARY,
  CLOSE,
  CONTINUATION,
  PING,
  PONG,
  RawConnection,
  TEXT,
  close,
  fragments,
  frame,
  header,
  rawConnection,
  text,
  upgradeResponse,
  upgradeHeaders,
};
