/**
 * Jupyter's wire protocol 5.3 (https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol):
 * a message is a list of ZeroMQ frames, `identities… <IDS|MSG> signature header parent metadata content`, the last
 * four as JSON, the signature an HMAC-SHA256 over them with the key of the connection file.
 */
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';

export type Json = Record<string, unknown>;

export interface Header {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

/** What came from a client. */
export interface Message {
  /** The routing prefix: a reply goes back to it. */
  identities: Buffer[];
  header: Header;
  content: Json;
}

const DELIMITER = Buffer.from('<IDS|MSG>');

export class Wire {
  private readonly session = randomUUID();
  constructor(private readonly key: string) {}

  private sign(parts: readonly (string | Buffer)[]): string {
    if (this.key === '') return ''; // the protocol's way to ask for no signatures
    const hmac = createHmac('sha256', this.key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  /** @throws Error if the frames are no message, or signed with another key. */
  read(frames: readonly Buffer[]): Message {
    const at = frames.findIndex((frame) => frame.equals(DELIMITER));
    if (at < 0 || frames.length < at + 6) throw new Error('not a Jupyter message');
    const parts = frames.slice(at + 2, at + 6);
    const [theirs, ours] = [frames[at + 1], Buffer.from(this.sign(parts))];
    if (theirs.length !== ours.length || !timingSafeEqual(theirs, ours)) throw new Error('wrong signature');
    return {
      identities: frames.slice(0, at),
      header: JSON.parse(parts[0].toString()) as Header,
      content: JSON.parse(parts[3].toString()) as Json,
    };
  }

  /** The frames of a message of this kernel, caused by `parent` (`null`: by nobody). */
  write(type: string, content: Json, parent: Message | null): (Buffer | string)[] {
    const header: Header = {
      msg_id: randomUUID(),
      msg_type: type,
      session: this.session,
      username: parent?.header.username ?? 'kernel',
      date: new Date().toISOString(),
      version: '5.3',
    };
    const parts = [header, parent?.header ?? {}, {}, content].map((part) => JSON.stringify(part));
    return [...(parent?.identities ?? []), DELIMITER, this.sign(parts), ...parts];
  }
}
