import { expect, test } from 'vitest';
import { type AddressKind, addressKind } from '../../../../server/src/slides/remote/address-kind.ts';

const kinds: Record<AddressKind, string[]> = {
  public: ['8.8.8.8', '172.32.0.1', '100.128.0.1', '2a00:1450:4001::200e', '::ffff:8.8.8.8', '64:ff9b::808:808'],
  private: [
    ...['10.1.2.3', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', 'fd00::1', 'fc12:3456::1'],
    ...['::ffff:10.0.0.1', '::ffff:c0a8:101', '64:ff9b::10.0.0.1', '64:ff9b::192.168.0.1'],
  ],
  loopback: [
    '127.0.0.1',
    '127.9.9.9',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::FFFF:7F00:1',
    '64:ff9b::7f00:1',
  ],
  reserved: [
    ...['0.0.0.0', '169.254.169.254', '224.0.0.1', '255.255.255.255', '192.0.2.1', '198.18.0.1', '203.0.113.9'],
    ...[
      '::',
      'fe80::1',
      'fe80::1%eth0',
      'ff02::1',
      '2001:db8::1',
      '2001::1',
      '2002:7f00:1::',
      '::7f00:1',
      '64:ff9b:1::1',
    ],
    ...['::ffff:0.0.0.0', '::ffff:0:1', '::ffff:a9fe:a9fe', 'localhost', '', '1.2.3', '0x7f.1'],
  ],
};

test.each(Object.entries(kinds))('%s addresses', (kind, addresses) => {
  for (const address of addresses) expect([address, addressKind(address)]).toEqual([address, kind]);
});
