//! The command line: reads arguments, calls the rooms, prints, and says with which code to end.

mod alike;
mod arguments;
mod catalogue;
mod check;
mod doctor;
mod ended;
mod entry;
mod exit;
mod logs;
mod matrix;
mod notice;
mod output;
mod plan;
mod progress;
mod recording;
mod reports;
mod repro;
mod reviewed;
mod run;
mod serve;
mod sources;

pub use entry::main;
pub use exit::Exit;
