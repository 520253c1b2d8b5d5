//! Compiles `proto/etcd.proto`: messages, servers, and clients for the tests.

fn main() -> std::io::Result<()> {
    println!("cargo:rerun-if-changed=proto/etcd.proto");
    tonic_prost_build::configure()
        // Keys and values are handed from the request to the store to every watcher without being copied.
        .bytes(".")
        // A service answers Unimplemented for what it leaves out, and every stream is a boxed one.
        .generate_default_stubs(true)
        .compile_protos(&["proto/etcd.proto"], &["proto"])
}
