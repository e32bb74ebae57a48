// Reads the protocol buffers wire format: https://protobuf.dev/programming-guides/encoding/

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

const text = new TextDecoder();

/** The bytes are no message of this format. */
export class WireError extends Error {}

/**
 * Walks over the fields of one encoded message.
 *
 * Call {@link Reader#next} until it is false; after each, `field` is the number of the field, and exactly one of the
 * value methods, or {@link Reader#skip}, takes its value.
 */
export class Reader {
  /** @param {Uint8Array} bytes one whole message */
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    /** Number of the present field. */
    this.field = 0;
    this.wire = VARINT;
  }

  /** Steps to the next field. @returns {boolean} whether there is one */
  next() {
    if (this.at >= this.bytes.length) return false;
    const tag = this.#varint();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    return true;
  }

  /** @returns {number} an unsigned integer, exact up to 2^53 */
  uint() {
    this.#expect(VARINT);
    return this.#varint();
  }

  /** @returns {boolean} a truth value */
  bool() {
    return this.uint() !== 0;
  }

  /** @returns {number} an f64 */
  double() {
    this.#expect(FIXED64);
    return this.view.getFloat64(this.#advance(8), true);
  }

  /** @returns {number} an f32 */
  float() {
    this.#expect(FIXED32);
    return this.view.getFloat32(this.#advance(4), true);
  }

  /** @returns {Uint8Array} a view of the bytes of this field, not a copy */
  blob() {
    this.#expect(LENGTH_DELIMITED);
    const length = this.#varint();
    const start = this.#advance(length);
    return this.bytes.subarray(start, start + length);
  }

  /** @returns {string} a text */
  string() {
    return text.decode(this.blob());
  }

  /** @returns {Reader} a reader of a message within this one */
  message() {
    return new Reader(this.blob());
  }

  /** @returns {Float32Array} packed little-endian f32, copied */
  floats() {
    const bytes = this.blob();
    if (bytes.length % 4 !== 0) throw new WireError(`field ${this.field}: ${bytes.length} bytes are no whole number of f32`);
    return new Float32Array(bytes.slice().buffer);
  }

  /** Adds the numbers of a repeated enumeration, packed or not, to `list`. @param {number[]} list */
  enums(list) {
    if (this.wire === VARINT) {
      list.push(this.#varint());
      return;
    }
    const packed = new Reader(this.blob());
    while (packed.at < packed.bytes.length) list.push(packed.#varint());
  }

  /** Passes over a field that the reader does not know. */
  skip() {
    if (this.wire === VARINT) this.#varint();
    else if (this.wire === FIXED64) this.#advance(8);
    else if (this.wire === LENGTH_DELIMITED) this.blob();
    else if (this.wire === FIXED32) this.#advance(4);
    else throw new WireError(`field ${this.field} has the unknown wire type ${this.wire}`);
  }

  #expect(wire) {
    if (this.wire !== wire) throw new WireError(`field ${this.field} has wire type ${this.wire}, not ${wire}`);
  }

  #advance(length) {
    const start = this.at;
    if (start + length > this.bytes.length) throw new WireError(`the message ends within field ${this.field}`);
    this.at = start + length;
    return start;
  }

  #varint() {
    let value = 0;
    for (let scale = 1, read = 0; read < 10; scale *= 128, read++) {
      const byte = this.view.getUint8(this.#advance(1));
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
    throw new WireError('a number is longer than ten bytes');
  }
}
