// A session of the npm package etcd3 with an etcd, told line by line on stdout:
//   NODE_PATH=target/etcd3-node/node_modules node harness/tools/etcd3-node/session.js 127.0.0.1:2379
// It starts on an etcd with nothing in it and authentication off, and leaves authentication on. What differs from one
// etcd to the next (addresses, the ids of leases) is not told.
'use strict';

const { Etcd3, EventType } = require('etcd3');

const [address] = process.argv.slice(2);
if (!address) {
    console.error('session: expected an address such as 127.0.0.1:2379');
    process.exit(64);
}
const hosts = [`http://${address}`];

const told = value => console.log(typeof value === 'string' ? value : JSON.stringify(value));

// What came of a call: what it returned, or the kind and the text of what it threw.
async function attempt(title, call) {
    try {
        told(`${title}: ${JSON.stringify(await call()) ?? 'done'}`);
    } catch (error) {
        told(`${title}: ${error.constructor.name}: ${error.message}`);
    }
}

// The first `count` events that a watcher is sent, in order.
function events(watcher, count) {
    return new Promise((resolve, reject) => {
        const seen = [];
        watcher.on('error', reject);
        watcher.on('data', response => {
            for (const event of response.events) {
                const key = event.kv.key.toString();
                seen.push(`${event.type} ${key}=${event.kv.value.toString()} @${event.kv.mod_revision}`);
            }
            if (seen.length >= count) resolve(seen);
        });
    });
}

async function keys(client) {
    await attempt('put', async () => (await client.put('a').value('1').exec()).header.revision);
    await attempt('put and what was there', () => client.put('a').value('2').getPrevious());
    await attempt('get', () => client.get('a').string());
    await attempt('get nothing', () => client.get('nothing').string());
    await attempt('get at a revision', () => client.get('a').revision(2).string());
    await attempt('get from the future', () => client.get('a').revision(1000).string());
    for (const name of ['x', 'y', 'z']) await client.put(`list/${name}`).value(name);
    await attempt('all, last first', () => client.getAll().prefix('list/').sort('Key', 'Descend').strings());
    await attempt('limited', () => client.getAll().prefix('list/').limit(2).keys());
    await attempt('count', () => client.getAll().prefix('list/').count());
    await attempt('delete a range', async () => (await client.delete().prefix('list/')).deleted);
    await attempt('an empty key', () => client.put('').value('1'));
}

async function transactions(client) {
    const claim = () =>
        client
            .if('claimed', 'Create', '==', 0)
            .then(client.put('claimed').value('by me'))
            .else(client.get('claimed'))
            .commit();
    await attempt('a transaction', async () => (await claim()).succeeded);
    await attempt('it again', async () => (await claim()).responses[0].response_range.kvs[0].value.toString());
    await attempt('software transactional memory', async () => {
        await client.stm().transact(async tx => {
            const value = await tx.get('claimed').string();
            await tx.put('claimed').value(`${value}, twice`);
        });
        return client.get('claimed').string();
    });
    const many = Array.from({ length: 129 }, (_, number) => client.put(`many/${number}`).value('1'));
    await attempt('129 operations', () => client.if('a', 'Version', '>', 0).then(...many).commit());
}

async function watches(client) {
    const watcher = await client.watch().prefix('watched/').create();
    const seen = events(watcher, 3);
    await client.put('watched/a').value('1');
    await client.put('watched/b').value('2');
    await client.delete().key('watched/a');
    await attempt('watched', () => seen);
    await attempt('cancel the watch', () => watcher.cancel());
    const late = await client.watch().key('a').startRevision('2').create();
    await attempt('watched from before', () => events(late, 2));
    await late.cancel();
}

async function leases(client) {
    const lease = client.lease(30);
    await lease.put('leased').value('1');
    await attempt('lease', async () => (await client.get('leased').exec()).kvs[0].lease !== '0');
    await attempt('kept alive', async () => (await lease.keepaliveOnce()).TTL);
    await attempt('revoke', () => lease.revoke().then(() => client.get('leased').string()));
    await attempt('lock', () => client.lock('lock').do(async () => 'alone'));
    const short = client.lease(1, { autoKeepAlive: false });
    await short.put('short').value('1');
    const watcher = await client.watch().key('short').create();
    await attempt('a lease that ends', async () => (await events(watcher, 1))[0].split('@')[0]);
    await watcher.cancel();
    const election = client.election('election', 30);
    const campaign = election.campaign('me');
    await attempt('elected', () => new Promise((done, fail) => campaign.on('elected', () => done(true)).on('error', fail)));
    await attempt('leader', () => election.leader());
    await attempt('resign', () => campaign.resign());
}

async function authentication(client) {
    const role = client.role('reader');
    await attempt('role', async () => {
        await role.create();
        await role.grant({ permission: 'Read', key: Buffer.from('a') });
    });
    await attempt('permissions', async () => (await role.permissions()).map(it => `${it.permission} ${it.range.start}`));
    const user = client.user('reader');
    await attempt('user', async () => {
        await user.create('secret');
        await user.addRole(role);
    });
    await attempt('users', async () => (await client.getUsers()).map(it => it.name));
    await attempt('too early', () => client.auth.authEnable());
    const root = client.user('root');
    await attempt('root', async () => {
        await root.create('root');
        await root.addRole('root');
    });
    await attempt('switch on', async () => void (await client.auth.authEnable()));
    await attempt('nobody reads', () => client.get('a').string());
    const wrong = new Etcd3({ hosts, auth: { username: 'reader', password: 'wrong' } });
    await attempt('a wrong password', () => wrong.get('a').string());
    wrong.close();
    const reader = new Etcd3({ hosts, auth: { username: 'reader', password: 'secret' } });
    await attempt('the reader reads', () => reader.get('a').string());
    await attempt('the reader writes', () => reader.put('a').value('3'));
    await attempt('the reader reads something else', () => reader.get('b').string());
    reader.close();
}

async function upkeep(client) {
    await attempt('members', async () => (await client.cluster.memberList({})).members.map(it => it.name));
    await attempt('status', async () => (await client.maintenance.status()).version);
    await attempt('alarms', async () => (await client.maintenance.alarm({ action: 'Get' })).alarms);
}

async function main() {
    const client = new Etcd3({ hosts });
    for (const part of [keys, transactions, watches, leases, upkeep, authentication]) {
        told(`-- ${part.name}`);
        await part(client);
    }
    client.close();
}

main().then(
    () => process.exit(0),
    error => {
        console.error(error);
        process.exit(1);
    },
);
