# What there is to do here. `just` alone lists it.

[private]
default:
    @just --list --unsorted

# See the bug: the crash, the one-line fix, and what surviving looks like
repro *ARGS:
    cargo repro {{ARGS}}

# Every scenario against every implementation on every etcd that is here
test *ARGS:
    cargo test {{ARGS}}

# Measure etcd-queue beside the Go recipe and a raw loop: `just bench --help` (`just etcd 3.5.5`, `just original` first)
bench *ARGS:
    cargo bench --package trials --bench queue -- {{ARGS}}

# Measure deadwatch: each figure beside another one, and their ratio (real etcd 3.5.5 where it is here)
bench-harness *ARGS:
    cargo bench --package trials --bench figures -- {{ARGS}}

# Put the queue through random faults: `just abuse --help` (`just real` first; `virtual` alone not)
abuse *ARGS:
    cargo run --release --package trials --bin abuse -- {{ARGS}}

# Build a real etcd from its Go module into target/etcd/VERSION/ (needs Go)
etcd VERSION:
    harness/tools/etcd/build {{VERSION}}

# Build the Go original against a clientv3 release (needs Go)
original VERSION="3.5.11":
    harness/original/build {{VERSION}}

# Build every real etcd and every Go original that the scenarios name
real:
    #!/usr/bin/env bash
    set -euo pipefail
    for version in $(cargo run --quiet --package deadwatch -- list --etcds); do harness/tools/etcd/build "$version"; done
    for version in $(cargo run --quiet --package deadwatch -- list --clients); do harness/original/build "$version"; done

# Get somebody else's clients for the served etcd: etcdctl (needs Go), the newest Go original, Node's etcd3 (needs npm)
clients:
    harness/tools/etcdctl/build 3.5.16
    harness/tools/etcdctl/build 3.7.3
    harness/original/build 3.7.3
    harness/tools/etcd3-node/install

# Accept every proposed snapshot there is, after you have read all of them
accept:
    find snapshots harness -name '*.snap.new' -exec sh -c 'for new; do mv -v "$new" "${new%.new}"; done' _ {} +

# What CI runs, on a clean clone
ci:
    .ci/run
