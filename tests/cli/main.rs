//! The commands, as a shell sees them: the real binary, each test in a folder and with a database of its own.

mod backup;
mod check;
mod database;
mod drain;
mod export;
mod help;
mod history;
mod machine;
mod migrate;
mod off;
mod on;
mod pattern;
mod process;
mod run;
mod serve;
mod sessions;
mod setting;
mod site;
mod status;
mod task;
mod terminal;
mod undo;
mod upstream;
mod user;
mod why;
mod window;
