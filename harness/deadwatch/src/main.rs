//! The program `deadwatch`; all of it is in the library, where the tests reach it.

fn main() -> std::process::ExitCode {
    deadwatch::cli::main()
}
