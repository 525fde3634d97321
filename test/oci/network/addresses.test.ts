import { expect } from 'chai';
import { AddressRule } from '../../../src/oci/network/addresses.ts';

const PRIVATE = [
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '127.0.0.1',
  '127.8.8.8',
  '169.254.169.254',
  '172.31.0.1',
  '192.168.1.1',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '64:ff9b::7f00:1',
  '2002:7f00:1::',
  'fc00::1',
  'fd12::1',
  'fe80::1',
  'ff02::1',
];
const PUBLIC = ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111', '::ffff:1.1.1.1'];

describe('the rule of addresses', () => {
  it('lets public addresses be reached, and no others', () => {
    const rule = new AddressRule([]);
    for (const address of PRIVATE) expect(rule.mayReach(address), address).to.equal(false);
    for (const address of PUBLIC) expect(rule.mayReach(address), address).to.equal(true);
  });

  it('lets what the operator names be reached as well', () => {
    const rule = new AddressRule(['10.0.0.0/8', '127.0.0.1', 'fd12::/16']);
    for (const address of ['10.9.9.9', '127.0.0.1', '::ffff:127.0.0.1', 'fd12::9']) {
      expect(rule.mayReach(address), address).to.equal(true);
    }
    for (const address of ['127.0.0.2', '192.168.0.1', 'fd13::1', '::1']) {
      expect(rule.mayReach(address), address).to.equal(false);
    }
  });

  it('tells what the operator names from what is public', () => {
    const rule = new AddressRule(['10.0.0.0/8', '1.1.1.1']);
    expect(rule.isNamed('10.1.1.1')).to.equal(true);
    expect(rule.isNamed('1.1.1.1')).to.equal(true);
    expect(rule.isNamed('1.1.1.2')).to.equal(false);
  });
});
