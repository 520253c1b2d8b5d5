//! What real processes said before they died, recorded.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;

/// What a log of this kind, and an exit code, make of a death: the cause and the place.
fn died(code: i32, log: &str) -> (String, Option<String>) {
    let death = obituary(End::Code(code), log);
    assert_eq!(death.exit_code, Some(code));
    (death.cause, death.place)
}

fn of(cause: &str, place: &str) -> (String, Option<String>) {
    (cause.to_owned(), Some(place.to_owned()))
}

/// clientv3 v3.5.11 against etcd v3.5.5, token TTL 1 s, the second Dequeue 3 s after the first.
const STORY: &str = r#"{"level":"warn","ts":"2026-11-22T13:52:31.672771Z","logger":"etcd-client","caller":"v3@v3.5.11/retry_interceptor.go:62","msg":"retrying of unary invoker failed","target":"etcd-endpoints://0x264895b8c000/127.0.0.1:53771","attempt":0,"error":"rpc error: code = Unauthenticated desc = etcdserver: invalid auth token"}
panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x8 pc=0x9a234e]

goroutine 26 [running]:
go.etcd.io/etcd/client/v3/experimental/recipes.(*Queue).Dequeue(0x264895c7fcd8)
	go.etcd.io/etcd/client/v3@v3.5.11/experimental/recipes/queue.go:70 +0x1ee
main.dequeue(0x264895b8c000, {{0x264895b84988, 0x4}, 0x2, {0x264895b84990, 0x6}, {0xbd30d0, 0x1}, {0x0, 0x0, ...}, ...})
	github.com/deadwatch/deadwatch/harness/original/recipe_queue.go:10 +0x74
main.serve.func2()
	github.com/deadwatch/deadwatch/harness/original/main.go:54 +0xa5
created by main.serve in goroutine 1
	github.com/deadwatch/deadwatch/harness/original/main.go:54 +0x570
"#;

#[test]
fn the_story_dies_of_a_nil_dereference_at_queue_go_70() {
    let cause = "panic: runtime error: invalid memory address or nil pointer dereference";
    assert_eq!(died(2, STORY), of(cause, "queue.go:70"));
}

#[test]
fn a_plain_go_panic_is_quoted() {
    let log = "panic: x\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/consumer/main.go:8 +0x290\n";
    assert_eq!(died(2, log), of("panic: x", "main.go:8"));
}

#[test]
fn an_address_in_a_go_panic_is_left_out() {
    let log =
        "panic: (*main.T) 0x330ca31941f0\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/main.go:10 +0x1c9\n";
    assert_eq!(died(2, log), of("panic: (*main.T) 0x…", "main.go:10"));
}

#[test]
fn a_go_panic_that_went_through_the_standard_library_lies_in_the_callers_code() {
    let log = "\
panic: assignment to entry in nil map [recovered, repanicked]

goroutine 1 [running]:
encoding/json.(*encodeState).marshal.func1()
	encoding/json/encode.go:339 +0x68
panic({0x4d1020?, 0x5be9f0?})
	runtime/panic.go:860 +0x13a
main.B.MarshalJSON(...)
	example.org/consumer/main.go:22
encoding/json.addrMarshalerEncoder(0x3eecb886080, {0x4d2f20?, 0x5e4700?, 0x3eecb88fb00?}, {0xd6?, 0x8a?})
	encoding/json/encode.go:502 +0xe7
main.main()
	example.org/consumer/main.go:16 +0x11f
";
    assert_eq!(died(2, log), of("panic: assignment to entry in nil map", "main.go:22"));
}

#[test]
fn a_go_panic_during_a_panic_is_told_by_the_first() {
    let log = "\
panic: first
	panic: second

goroutine 1 [running]:
main.main.func2()
	/srv/main.go:12 +0x25
panic({0x4cb680?, 0x4f5d80?})
	runtime/panic.go:860 +0x13a
main.main()
	/srv/main.go:12 +0x1ae
";
    assert_eq!(died(2, log), of("panic: first", "main.go:12"));
}

#[test]
fn gos_fatal_errors_are_deaths_too() {
    let deadlock = "\
fatal error: all goroutines are asleep - deadlock!

goroutine 1 [sync.WaitGroup.Wait]:
sync.runtime_SemacquireWaitGroup(0x10?, 0x80?)
	runtime/sema.go:114 +0x2e
sync.(*WaitGroup).Wait(0x6655e082040)
	sync/waitgroup.go:206 +0x85
main.main()
	example.org/consumer/main.go:13 +0x147
";
    assert_eq!(died(2, deadlock), of("fatal error: all goroutines are asleep - deadlock!", "main.go:13"));
    let stack = "\
runtime: goroutine stack exceeds 1000000000-byte limit
runtime: sp=0x3ce255ee0390 stack=[0x3ce255ee0000, 0x3ce275ee0000]
fatal error: stack overflow

runtime stack:
runtime.throw({0x4ec024?, 0x5c4b01?})
	runtime/panic.go:1229 +0x48 fp=0x7fffad599958 sp=0x7fffad599928 pc=0x47b988

goroutine 1 gp=0x3ce235e2e1e0 m=0 mp=0x5c59a0 [running]:
main.f()
	example.org/consumer/main.go:4 +0x17 fp=0x3ce255ee03a0 sp=0x3ce255ee0398 pc=0x4bfb77
main.f2(...)
	example.org/consumer/main.go:5
";
    assert_eq!(died(2, stack), of("fatal error: stack overflow", "main.go:4"));
}

#[test]
fn a_rust_panic_is_its_message_and_its_caller() {
    let now = "\n\
thread 'main' (22191) panicked at src/main.rs:4:5:
index out of bounds: the len is 0 but the index is 1
stack backtrace:
   0: __rustc::rust_begin_unwind
             at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/panicking.rs:689:5
note: Some details are omitted, run with `RUST_BACKTRACE=full` for a verbose backtrace.
";
    assert_eq!(died(101, now), of("index out of bounds: the len is 0 but the index is 1", "main.rs:4"));
    let rust_1_72 = "thread 'main' panicked at 'it's \"gone\", again', src/queue.rs:70:9\n";
    assert_eq!(died(101, rust_1_72), of("it's \"gone\", again", "queue.rs:70"));
    let aborted = obituary(End::Signal(6), now);
    assert_eq!(aborted.cause, "index out of bounds: the len is 0 but the index is 1");
    assert_eq!(aborted.exit_code, None);
}

#[test]
fn the_rust_panic_that_came_last_is_the_one_it_died_of() {
    let log = "\n\
thread 'consumer-2' (22200) panicked at src/consumer.rs:7:201:
no event
and more
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace

thread 'main' (22199) panicked at /rustc/59807616e1fa2540724bfbac14d7976d7e4a3860/library/std/src/x.rs:1:2:
called `Result::unwrap()` on an `Err` value: Any { .. }
";
    assert_eq!(died(101, log), ("called `Result::unwrap()` on an `Err` value: Any { .. }".to_owned(), None));
}

#[test]
fn a_python_traceback_is_its_exception_and_the_innermost_frame_of_ones_own() {
    let log = r#"Traceback (most recent call last):
  File "/srv/consumer.py", line 6, in main
    take("{}")
KeyError: 'item'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/srv/consumer.py", line 9, in <module>
    main()
  File "/srv/consumer.py", line 3, in take
    return json.loads(line)["item"]
           ^^^^^^^^^^^^^^^^
  File "/root/.pyenv/versions/3.11.7/lib/python3.11/json/decoder.py", line 355, in raw_decode
    raise JSONDecodeError("Expecting value", s, err.value) from None
json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)
"#;
    let cause = "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)";
    assert_eq!(died(1, log), of(cause, "consumer.py:3"));
}

#[test]
fn a_python_package_that_was_installed_is_no_standard_library() {
    let log = r#"Traceback (most recent call last):
  File "/srv/consumer.py", line 9, in <module>
  File "/usr/lib/python3.11/site-packages/etcd3/watch.py", line 70, in run
  File "<frozen importlib._bootstrap>", line 1, in call
AttributeError: 'NoneType' object has no attribute 'key'
"#;
    assert_eq!(died(1, log), of("AttributeError: 'NoneType' object has no attribute 'key'", "watch.py:70"));
}

#[test]
fn the_last_words_are_those_of_the_runtime_that_spoke_last() {
    // A wrapper in Python that dies of its child's death.
    let wrapper = r#"Traceback (most recent call last):
  File "/srv/wrapper.py", line 5, in <module>
    subprocess.run(command, check=True)
subprocess.CalledProcessError: Command '['consumer']' returned non-zero exit status 2.
"#;
    let place = |log: String| died(1, &log).1.unwrap();
    assert_eq!(place(format!("{STORY}{wrapper}")), "wrapper.py:5");
    assert_eq!(place(format!("{wrapper}{STORY}")), "queue.go:70");
}

#[test]
fn a_java_exception_is_its_text_and_the_first_frame_of_ones_own() {
    let log = "\
Exception in thread \"main\" java.lang.IllegalStateException: no item
	at java.base/java.util.ImmutableCollections.outOfBounds(ImmutableCollections.java:333)
	at java.base/jdk.internal.reflect.NativeMethodAccessorImpl.invoke0(Native Method)
	at app//org.example.Consumer.take(Consumer.java:3)
	at Consumer.main(Consumer.java:9)
Caused by: java.lang.IndexOutOfBoundsException: Index: 1 Size: 1
	at Consumer.other(Consumer.java:2)
	... 1 more
";
    assert_eq!(died(1, log), of("java.lang.IllegalStateException: no item", "Consumer.java:3"));
}

#[test]
fn a_node_error_is_its_text_and_the_first_frame_of_ones_own() {
    let log = "\
/srv/consumer.js:1
function take(line) { return JSON.parse(line).item.value; }
                                                  ^

TypeError: Cannot read properties of undefined (reading 'value')
    at Array.map (<anonymous>)
    at node:internal/main/run_main_module:28:49
    at take (/srv/consumer.js:1:51)
    at Module._compile (node:internal/modules/cjs/loader:1521:14)

Node.js v20.20.2
";
    let cause = "TypeError: Cannot read properties of undefined (reading 'value')";
    assert_eq!(died(1, log), of(cause, "consumer.js:1"));
    let module = "\
file:///srv/reject.mjs:1
async function take() { throw new Error(\"watch lost\\nsecond line\"); }
                              ^

Error: watch lost
second line
    at async file:///srv/reject.mjs:2:20

Node.js v20.20.2
";
    assert_eq!(died(1, module), of("Error: watch lost", "reject.mjs:2"));
}

#[test]
fn without_last_words_it_is_the_exit_status_or_the_signal() {
    assert_eq!(died(1, "2026-11-22 could not connect\n"), ("exit status 1".to_owned(), None));
    assert_eq!(died(3, ""), ("exit status 3".to_owned(), None));
    let killed = Death { cause: "signal 9".to_owned(), place: None, exit_code: None };
    assert_eq!(obituary(End::Signal(9), ""), killed);
}

#[test]
fn what_was_logged_before_an_end_from_outside_or_an_orderly_exit_is_not_its_cause() {
    assert_eq!(obituary(End::Signal(9), STORY).cause, "signal 9");
    assert_eq!(obituary(End::Code(0), STORY).cause, "exit status 0");
    assert_eq!(obituary(End::Signal(11), STORY).place.as_deref(), Some("queue.go:70"));
}

#[test]
fn a_panic_that_is_cut_short_or_merely_mentioned_is_no_cause() {
    for log in [
        "panic: x",
        "panic: x\n",
        "level=warn msg=\"panic: x\"\n",
        "Traceback (most recent call last):\n  File \"a.py\", line 1, in b\n",
        "he said: thread 'main' panicked at src/main.rs:4:5:\n",
        "Exception in thread \"main",
        "Node.js v20.20.2\n",
    ] {
        assert_eq!(died(1, log), ("exit status 1".to_owned(), None), "{log}");
    }
}

#[test]
fn a_long_cause_is_cut_off() {
    let log =
        format!("panic: {}\n\ngoroutine 1 [running]:\nmain.main()\n\t/srv/a.go:1 +0x1\n", "ä".repeat(400));
    let cause = died(2, &log).0;
    assert_eq!(cause, format!("panic: {}…", "ä".repeat(293)));
}
